using Microsoft.SemanticKernel;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>Lets the model call a function of a kernel, with the Semantic Kernel connector.</summary>
public static class KernelWithAPlugin
{
    public static async Task<string?> RunAsync(PrivatemodeClient privatemode)
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddPrivatemodeChatCompletion("gpt-oss-120b", privatemode);
        builder.Plugins.AddFromFunctions("Clock", [KernelFunctionFactory.CreateFromMethod(() => "12:00", "get_time", "Gets the time.")]);
        Kernel kernel = builder.Build();
        PromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
        FunctionResult result = await kernel.InvokePromptAsync("What time is it?", new KernelArguments(settings));
        return result.GetValue<string>();
    }
}
