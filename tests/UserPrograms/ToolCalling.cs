using System.ComponentModel;
using Microsoft.Extensions.AI;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>Lets the model call a function of this program, with the middleware of Microsoft.Extensions.AI.</summary>
public static class ToolCalling
{
    public static async Task<string> RunAsync(PrivatemodeClient privatemode)
    {
        using IChatClient chat = privatemode.AsIChatClient("gpt-oss-120b").AsBuilder().UseFunctionInvocation().Build();
        ChatOptions options = new() { Tools = [AIFunctionFactory.Create(GetTemperature)], ToolMode = ChatToolMode.Auto };
        ChatResponse response = await chat.GetResponseAsync("How warm is it in Bochum?", options);
        return response.Text;
    }

    [Description("Returns the temperature in a city, in degrees Celsius.")]
    private static double GetTemperature(string city) => city == "Bochum" ? 21.5 : double.NaN;
}
