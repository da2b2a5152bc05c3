namespace Privatemode.AI.Chat;

/// <summary>Gives the calls of one answer IDs that no call of the conversation has.</summary>
/// <remarks>Some servers number the calls of each answer anew, and function invokers take such a call for the earlier one.</remarks>
/// <param name="taken">The IDs of the calls in the history.</param>
internal sealed class ToolCallIds(IEnumerable<string> taken)
{
    private readonly HashSet<string> _taken = [.. taken];
    private readonly Dictionary<string, int> _numbers = [];

    /// <summary>The ID itself, if no call has it yet.</summary>
    public string MakeUnique(string id)
    {
        string unique = id;
        int number = _numbers.GetValueOrDefault(id, 2);
        for (; !_taken.Add(unique); number++)
        {
            unique = $"{id}_{number}";
        }

        // An answer may have many calls of one ID, and each would try the numbers of all before it.
        _numbers[id] = number;
        return unique;
    }
}
