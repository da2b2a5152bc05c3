using Privatemode.AI.Fuzz.Targets;

namespace Privatemode.AI.Fuzz.Running;

/// <summary>Learns from the sound seeds of a target what is signed, and finds what was accepted although it is not.</summary>
internal sealed class ForgeryCheck
{
    private readonly FuzzTarget _target;
    private readonly HashSet<string> _signed = new(StringComparer.Ordinal);

    public ForgeryCheck(FuzzTarget target)
    {
        _target = target;
        foreach (FuzzSeed sound in target.Seeds)
        {
            Learn(sound);
        }

        if (target.Signed is not null && _signed.Count == 0)
        {
            throw new InvalidOperationException($"No seed of {target.Name} is accepted undamaged: nothing could be said about what is signed.");
        }
    }

    /// <summary>What was not signed in parts that were accepted; null if all was.</summary>
    public string? Find(byte[][] parts)
    {
        if (_target.Signed is null)
        {
            return null;
        }

        try
        {
            return _target.Signed(parts).FirstOrDefault(part => !_signed.Contains(part.Key)) is { } forged ? $"this was not signed: {forged.Key}" : null;
        }
        catch (Exception exception)
        {
            return $"what is signed is not to be found: {exception.Message}";
        }
    }

    private void Learn(FuzzSeed sound)
    {
        try
        {
            if (sound.Judge(sound.Parts))
            {
                LearnFrom(sound.Parts);
            }
        }
        catch (PrivatemodeVerificationException)
        {
            if (sound.IsGenuine)
            {
                TryLearnFrom(sound.Parts);
            }
        }
    }

    private void LearnFrom(byte[][] parts)
    {
        foreach (SignedPart part in _target.Signed?.Invoke(parts) ?? [])
        {
            _ = _signed.Add(part.Key);
            _signed.UnionWith(part.Twins);
        }
    }

    private void TryLearnFrom(byte[][] parts)
    {
        try
        {
            LearnFrom(parts);
        }
        catch (Exception)
        {
            // What cannot be read cannot be put together with other parts either.
        }
    }
}
