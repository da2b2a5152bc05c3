namespace Privatemode.AI.Testing.Enclave;

/// <summary>The models that a deployment offers, which can change while it runs.</summary>
internal sealed class OfferedModels(IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> models)
{
    private readonly Lock _gate = new();
    private KeyValuePair<string, IReadOnlyList<string>>[] _all = [.. models];

    /// <summary>The current model IDs with their tasks.</summary>
    public IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> All
    {
        get
        {
            lock (_gate)
            {
                return _all;
            }
        }
    }

    /// <summary>Returns the tasks of a model, or null if there is no model with this ID.</summary>
    public IReadOnlyList<string>? TasksOf(string id) => All.FirstOrDefault(model => model.Key == id).Value;

    public void Set(string id, IReadOnlyList<string> tasks)
    {
        lock (_gate)
        {
            _all = [.. _all.Where(model => model.Key != id), new(id, tasks)];
        }
    }

    public bool Remove(string id)
    {
        lock (_gate)
        {
            int before = _all.Length;
            _all = [.. _all.Where(model => model.Key != id)];
            return _all.Length < before;
        }
    }
}
