using System.Globalization;

namespace Privatemode.AI;

/// <summary>Collects what is wrong with the settings of one client for a single exception.</summary>
internal sealed class SettingsFaults
{
    private readonly List<PrivatemodeConfigurationException> _faults = [];

    public IReadOnlyList<PrivatemodeConfigurationException> All => _faults;

    public void Add(PrivatemodeConfigurationException fault) => _faults.Add(fault);

    /// <summary>Runs a check and adds the fault that it throws.</summary>
    /// <returns>Whether it passed, so that checks that build on it can be left out.</returns>
    public bool Try(Action check)
    {
        try
        {
            check();
            return true;
        }
        catch (PrivatemodeConfigurationException fault)
        {
            _faults.Add(fault);
            return false;
        }
    }

    /// <exception cref="PrivatemodeConfigurationException">There are faults. Its setting is the first one's; its message has a line for each.</exception>
    public void ThrowIfAny()
    {
        switch (_faults)
        {
            case []:
                return;
            case [PrivatemodeConfigurationException only]:
                throw new PrivatemodeConfigurationException(only.Setting, only.Message);
            default:
                string count = _faults.Count.ToString(CultureInfo.InvariantCulture);
                throw new PrivatemodeConfigurationException(
                    _faults[0].Setting, $"{count} settings are wrong:{string.Concat(_faults.Select(fault => $"\n* {fault.Message}"))}");
        }
    }
}
