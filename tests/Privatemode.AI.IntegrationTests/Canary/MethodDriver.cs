using System.Reflection;
using System.Runtime.CompilerServices;

namespace Privatemode.AI.IntegrationTests.Canary;

/// <summary>Calls every public method of an object and follows what it returns, to the end or to its exception.</summary>
internal sealed class MethodDriver
{
    private const int MaxItems = 50;

    /// <summary>Methods called so far, by type and signature.</summary>
    public List<string> Driven { get; } = [];

    public List<Exception> Exceptions { get; } = [];

    public async Task DriveAsync(object target)
    {
        foreach (MethodInfo method in Methods(target.GetType()))
        {
            MethodInfo callable = method.IsGenericMethodDefinition
                ? method.MakeGenericMethod([.. method.GetGenericArguments().Select(_ => typeof(string))])
                : method;
            foreach (object?[] arguments in ArgumentFactory.For(callable))
            {
                await CallAsync(target, callable, arguments);
            }

            Driven.Add($"{target.GetType().Name}.{method}");
        }
    }

    private static IEnumerable<MethodInfo> Methods(Type type) => type
        .GetMethods(BindingFlags.Public | BindingFlags.Instance)
        .Where(method => !method.IsSpecialName && method.DeclaringType != typeof(object));

    private async Task CallAsync(object target, MethodInfo method, object?[] arguments)
    {
        try
        {
            // Synchronous methods block: on a thread of their own they cannot starve the deployment.
            object? result = await Task.Factory.StartNew(
                () => method.Invoke(target, arguments), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                .WaitAsync(TimeSpan.FromSeconds(60));
            await FollowAsync(result).WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"{target.GetType().Name}.{method} does not come to an end.");
        }
        catch (Exception exception)
        {
            Exceptions.Add(exception is TargetInvocationException { InnerException: { } inner } ? inner : exception);
        }
    }

    private static async Task FollowAsync(object? result)
    {
        switch (result)
        {
            case Task task:
                await task;
                await FollowAsync(task.GetType().GetProperty("Result")?.GetValue(task));
                break;
            case System.Collections.IEnumerable items and not string:
                _ = items.Cast<object?>().Take(MaxItems).ToList();
                break;
            case not null when AsyncItemType(result.GetType()) is { } item:
                MethodInfo drain = typeof(MethodDriver).GetMethod(nameof(DrainAsync), BindingFlags.NonPublic | BindingFlags.Static)!;
                await (Task)drain.MakeGenericMethod(item).Invoke(null, [result])!;
                break;
            case not null when result.GetType().GetMethod("GetRawPages") is { } pages && pages.GetParameters().Length == 0:
                await FollowAsync(pages.Invoke(result, null));
                break;
            case not null when result.GetType().GetMethod("GetRawPagesAsync") is { } pages && pages.GetParameters().Length == 0:
                await FollowAsync(pages.Invoke(result, null));
                break;
        }
    }

    private static Type? AsyncItemType(Type type) => type.GetInterfaces()
        .FirstOrDefault(candidate =>
            candidate.IsGenericType && candidate.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>))?.GetGenericArguments()[0];

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task DrainAsync<T>(IAsyncEnumerable<T> items)
    {
        int count = 0;
        await foreach (T _ in items)
        {
            if (++count == MaxItems)
            {
                return;
            }
        }
    }
}
