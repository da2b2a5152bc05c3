using Privatemode.AI.Pipeline.Answers;

namespace Privatemode.AI.Tests.Pipeline.Answers;

public sealed class ServiceErrorsTests
{
    [Theory]
    [InlineData("404 page not found", null)]
    [InlineData("<html><title>404 Not Found</title></html>", null)]
    [InlineData("/v1/models/gpt was not found on this server", null)]
    [InlineData("the model page", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    [InlineData("Not Found", "404")]
    public void NotFound_FromAProxyOrAWrongAddress_IsNotBlamedOnTheModel(string? message, string? code)
    {
        PrivatemodeServiceException exception = From(new ServiceError(404, message, code));
        Assert.Equal(ServiceFailureReason.Other, exception.Reason);
        Assert.Contains("Endpoint", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("The model `x` does not exist.", null, false)]
    [InlineData("Model not found", "404", false)]
    [InlineData("MODEL x is Not available", null, false)]
    [InlineData(null, "model_not_found", false)]
    [InlineData("gone", null, true)]
    public void NotFound_OfTheModel_IsModelUnavailable(string? message, string? code, bool isSealed)
    {
        PrivatemodeServiceException exception = From(new ServiceError(404, message, code, isSealed));
        Assert.Equal(ServiceFailureReason.ModelUnavailable, exception.Reason);
    }

    private static PrivatemodeServiceException From(ServiceError error) => Assert.IsType<PrivatemodeServiceException>(ServiceErrors.From(error));
}
