using System.Text.Json;

namespace Privatemode.AI.Soak;

/// <summary>Decides whether an answer of the proxy is one of those that a caller may get.</summary>
internal static class Judge
{
    // Of the service, where faults put them. Others would be errors in the requests of this program.
    private static readonly int[] ExpectedRefusals = [408, 429];

    /// <summary>An answer of a model, streamed or not.</summary>
    public static Outcome Model(HttpAnswer answer, Dialect dialect, string marker, bool isStream, bool calls)
    {
        if (Common(answer, dialect, marker) is { } outcome)
        {
            return outcome;
        }

        try
        {
            DialectReader reader = new(dialect);
            if (isStream)
            {
                reader.ReadStream(answer.Text);
            }
            else if (answer.Broken is not null)
            {
                return Cut(answer);
            }
            else
            {
                reader.ReadWhole(answer.Text);
            }

            return Said(answer, reader, dialect, marker, calls);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return Outcome.Violation($"unreadable ({exception.Message}), connection {answer.Broken?.Message ?? "whole"}: {answer.Text}");
        }
    }

    /// <summary>An answer that is not of a model, which must be whole.</summary>
    public static Outcome Whole(HttpAnswer answer, string marker, Func<string, bool> isRight, Dialect errors = Dialect.Chat)
    {
        if (Common(answer, errors, marker) is { } outcome)
        {
            return outcome;
        }

        if (answer.Broken is not null)
        {
            return Cut(answer);
        }

        try
        {
            return isRight(answer.Text) ? Outcome.Right : Outcome.Violation($"wrong: {answer.Text}");
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return Outcome.Violation($"unreadable ({exception.Message}): {answer.Text}");
        }
    }

    private static Outcome? Common(HttpAnswer answer, Dialect dialect, string marker)
    {
        if (Marker.Pattern.Matches(answer.Text).FirstOrDefault(match => match.Value != marker) is { } foreign)
        {
            return Outcome.Violation($"{marker} got something of {foreign.Value}: {answer.Text}");
        }

        return answer.Status switch
        {
            0 => Cut(answer),
            >= 400 => Error(answer, dialect),
            200 or 201 => null,
            _ => Outcome.Violation($"status {answer.Status}"),
        };
    }

    private static Outcome Cut(HttpAnswer answer) =>
        new(OutcomeKind.Cut, $"cut after status {answer.Status}: {answer.Broken!.GetBaseException().GetType().Name}");

    private static Outcome Error(HttpAnswer answer, Dialect dialect)
    {
        if (answer.Broken is not null)
        {
            return Cut(answer);
        }

        string? code = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(answer.Text);
            code = DialectReader.ErrorOf(dialect, document.RootElement);
        }
        catch (JsonException)
        {
            // Told below.
        }

        bool isExpected = answer.Status >= 500 || ExpectedRefusals.Contains(answer.Status)
            || answer.Text.Contains(Disturbances.OnPurpose, StringComparison.Ordinal);
        return code is null || answer.MediaType != "application/json" || !isExpected
            ? Outcome.Violation($"error {answer.Status} ({answer.MediaType}): {answer.Text}")
            : new Outcome(OutcomeKind.Error, $"{answer.Status} {code}");
    }

    private static Outcome Said(HttpAnswer answer, DialectReader reader, Dialect dialect, string marker, bool calls)
    {
        (string text, string? function, string arguments) = calls
            ? ("", Marker.FunctionOf(marker), Marker.ArgumentsOf(marker))
            : (Marker.TextOf(marker), (string?)null, "");
        string reasoning = dialect is Dialect.Chat or Dialect.Messages ? Marker.ReasoningOf(marker) : "";
        string state = $"connection {answer.Broken?.Message ?? "whole"}, text \"{reader.Text}\", reasoning \"{reader.Reasoning}\", "
            + $"call {reader.Function} {reader.Arguments}, expected of {marker} \"{text}\" {arguments}; body {answer.Text}";
        if (reader.IsComplete)
        {
            return answer.Broken is null && reader.Text == text && reader.Reasoning == reasoning && reader.Function == function
                && IsSame(reader.Arguments, arguments)
                ? Outcome.Right
                : Outcome.Violation($"marked as complete: {state}");
        }

        bool isRightSoFar = text.StartsWith(reader.Text, StringComparison.Ordinal) && reasoning.StartsWith(reader.Reasoning, StringComparison.Ordinal)
            && (reader.Function ?? function) == function && arguments.StartsWith(reader.Arguments, StringComparison.Ordinal);
        return !isRightSoFar ? Outcome.Violation($"wrong beginning: {state}")
            : answer.Broken is null ? Outcome.Violation($"ended as if it were whole: {state}")
            : reader.Error is { } code ? new Outcome(OutcomeKind.ErrorEvent, $"event {code}")
            : Cut(answer);
    }

    private static bool IsSame(string arguments, string expected)
    {
        if (arguments == expected)
        {
            return true;
        }

        return arguments.Length > 0 && expected.Length > 0
            && JsonElement.DeepEquals(JsonDocument.Parse(arguments).RootElement, JsonDocument.Parse(expected).RootElement);
    }
}
