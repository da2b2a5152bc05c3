using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Tests.Fakes;
using Spectre.Console;

namespace Privatemode.Tool.Tests.Commands;

public sealed class OutputTests : IDisposable
{
    private readonly ToolRun _run = new();

    public void Dispose() => _run.Dispose();

    public static TheoryData<Exception, int, string> Exceptions => new()
    {
        { new PrivatemodeConfigurationException("ApiKey", "m"), 2, "configuration" },
        { new PrivatemodeRequestException("tools[0]", "m"), 2, "request" },
        { new PrivatemodeVerificationException("manifest-match", "m"), 3, "manifest-match" },
        { new PrivatemodeIntegrityException("truncated-stream", "m"), 3, "truncated-stream" },
        { new PrivatemodeWouldLeakException("changed-request", "m"), 3, "changed-request" },
        { new PrivatemodeServiceException(ServiceFailureReason.RateLimited, "m"), 1, "rate-limited" },
        { new PrivatemodeModelUnavailableException("m"), 1, "model-unavailable" },
        { new IOException("m"), 1, "io" },
        { new UnauthorizedAccessException("m"), 1, "io" },
        { ToolException.Usage("m"), 2, "usage" },
        { ToolException.Setup("m"), 2, "setup" },
        { ToolException.Failed("m"), 1, "io" },
        { new OperationCanceledException("m"), 1, "internal" },
        { new InvalidOperationException("secret"), 1, "internal" },
    };

    /// <summary>A model or a service writes the strings of JSON, and a person may read it on a terminal.</summary>
    [Fact]
    public void Json_HasNoCharacterThatChangesATerminal()
    {
        string text = "\u001b[31m\u009b1m\u202egnp.exe\u202c \u2066x\u2069 \u2028 \u0007";
        new Output(_run.Context).Json(json => json.WriteStringValue(text));

        Assert.DoesNotContain(_run.Console.OutText.TrimEnd('\n'), character => character is < ' ' or > '\u007e');
        Assert.Equal(text, System.Text.Json.JsonElement.Parse(_run.Console.OutText).GetString());
    }

    [Theory]
    [MemberData(nameof(Exceptions))]
    public void Exceptions_HaveAnExitCodeAndAType(Exception exception, int exitCode, string type)
    {
        (int actual, string actualType, string message) = ExitCodes.Of(exception, isEnding: false);

        Assert.Equal(exitCode, actual);
        Assert.Equal(type, actualType);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancellation_AfterASignal_Is130() =>
        Assert.Equal(
            (130, "cancelled"),
            (ExitCodes.Of(new OperationCanceledException(), isEnding: true).ExitCode, ExitCodes.Of(new TaskCanceledException(), true).Type));

    [Theory]
    [InlineData("a\rb\u001b[31m", true, "a b␛[31m")]
    [InlineData("a\rb\u001b[31m", false, "a\rb\u001b[31m")]
    [InlineData("a\n\tb", true, "a\n\tb")]
    public void TextOfAModel_DoesNotMoveTheCursorOfATerminal(string text, bool isTerminal, string expected) =>
        Assert.Equal(expected, Output.Safe(text, isTerminal));

    [Fact]
    public void DetailsOfAnError_HaveNoEscapeSequences()
    {
        _ = new Output(_run.Context, isVerbose: true).Error(new InvalidOperationException("a\u001b[31mb"));

        Assert.DoesNotContain("\u001b", _run.Console.ErrorText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "--json=true", "--unknown")]
    [InlineData(true, "--unknown", "--json")]
    [InlineData(false, "--json=false", "--unknown")]
    [InlineData(false, "--unknown", "--", "--json")]
    public async Task WrongCommandLine_IsJson_IfJsonIsOn(bool isJson, params string[] args)
    {
        (_, string text, _) = await _run.InvokeAsync(["models", .. args]);

        Assert.Equal(isJson, text.StartsWith("{\"schema\":\"privatemode.error/1\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Error_IsOneLine_WhateverItQuotes()
    {
        int exitCode = new Output(_run.Context).Error(ToolException.Usage("a\nb\u001b[31m\u202ec"));

        Assert.Equal(2, exitCode);
        Assert.Equal("Error: a\\nb\\u001b[31m\\u202ec\n", _run.Console.ErrorText);
    }

    [Theory]
    [InlineData(true, null, null, true)]
    [InlineData(true, "1", null, false)]
    [InlineData(true, null, "dumb", false)]
    [InlineData(false, null, null, false)]
    public void Escapes_AreWrittenToTerminalsOnly_AndNotWithNoColor(bool isTerminal, string? noColor, string? term, bool expected)
    {
        _run.Console.IsOutputTerminal = isTerminal;
        _run.Console.IsErrorTerminal = isTerminal;
        _run.SetVariable("NO_COLOR", noColor ?? "");
        _run.SetVariable("TERM", term ?? "xterm");
        Output output = new(_run.Context);

        output.Tables.MarkupLine("[red]text[/]");
        output.ErrorConsole.MarkupLine("[red]text[/]");

        Assert.Equal(expected, output.HasColor);
        Assert.Equal(expected, _run.Console.OutText.Contains('\u001b', StringComparison.Ordinal));
        Assert.Equal(expected, _run.Console.ErrorText.Contains('\u001b', StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tables_ShowForeignTextAsItIs(bool isTerminal)
    {
        _run.Console.IsOutputTerminal = isTerminal;

        new Output(_run.Context).Table(["ID"], [["[red]x[/] [/] \u001b[31m"]]);

        Assert.Contains("[red]x[/] [/] \\u001b[31m", _run.Console.OutText, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_IsNotWrapped_AndHasNoControlCharacters()
    {
        new Output(_run.Context).Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("text", $"{new string('x', 500)}\n\u001b\u009b");
            json.WriteEndObject();
        });

        Assert.Single(_run.Console.OutText, character => character == '\n');
        Assert.DoesNotContain(_run.Console.OutText.TrimEnd(), char.IsControl);
    }
}
