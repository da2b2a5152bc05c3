using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption;

public sealed class PlatformExchangeCipherFailureTests() : ExchangeCipherFailureTests(new AnswerSealer(AesGcmProvidersAttribute.Platform));

/// <summary>With libsodium where it can be used; elsewhere these are the tests above once more.</summary>
public sealed class AutomaticExchangeCipherFailureTests() : ExchangeCipherFailureTests(new AnswerSealer());
