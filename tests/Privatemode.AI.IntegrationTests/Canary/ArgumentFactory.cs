using System.ClientModel;
using System.ClientModel.Primitives;
using System.Collections;
using System.Reflection;
using OpenAI.Chat;

namespace Privatemode.AI.IntegrationTests.Canary;

/// <summary>Makes up an argument of any type, with the sentinel wherever text, bytes or files go.</summary>
internal static class ArgumentFactory
{
    private const int DeepestObject = 4;

    private static readonly string JsonBody = """
        {"model":"gpt-oss-120b","messages":[{"role":"user","content":"*"}],"input":"*","prompt":"*","extra":{"a":"*"}}
        """.Replace("*", Sentinel.Text, StringComparison.Ordinal);

    // A file whose name and content hold the sentinel, for the methods that open files themselves.
    private static readonly Lazy<string> AudioFile = new(() =>
    {
        string path = Path.Combine(AppContext.BaseDirectory, $"{Sentinel.Text}.wav");
        File.WriteAllBytes(path, Sentinel.Bytes);
        return path;
    });

    /// <summary>Arguments for a method; some methods have several interesting sets.</summary>
    public static IEnumerable<object?[]> For(MethodInfo method)
    {
        ParameterInfo[] parameters = method.GetParameters();
        yield return [.. parameters.Select(parameter => Make(parameter, 0))];

        // Protocol methods take a body as it is: one that looks right, and one that is no JSON at all.
        if (parameters.Any(parameter => parameter.ParameterType == typeof(BinaryContent)))
        {
            yield return [.. parameters.Select(parameter => parameter.ParameterType == typeof(BinaryContent)
                ? BinaryContent.Create(BinaryData.FromString(Sentinel.Text))
                : parameter.ParameterType == typeof(RequestOptions) ? OptionsWithHeader() : Make(parameter, 0))];
            yield return [.. parameters.Select(parameter => parameter.ParameterType == typeof(string) && parameter.Name == "contentType"
                ? "application/json"
                : parameter.ParameterType == typeof(RequestOptions) ? null : Make(parameter, 0))];
        }
    }

    private static object? Make(ParameterInfo parameter, int depth) => Make(parameter.Name!, parameter.ParameterType, depth);

    private static object? Make(string name, Type type, int depth) =>
        type != typeof(string) ? Make(type, depth)
        : name.EndsWith("model", StringComparison.OrdinalIgnoreCase) ? Sentinel.NotAModel
        : name.EndsWith("path", StringComparison.OrdinalIgnoreCase) ? AudioFile.Value
        : Sentinel.Text;

    private static object? Make(Type type, int depth)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type == typeof(string) ? Sentinel.Text
            : type == typeof(CancellationToken) ? CancellationToken.None
            : type == typeof(Uri) ? new Uri($"https://{Sentinel.Text}.example/{Sentinel.Text}?q={Sentinel.Text}")
            : type == typeof(BinaryContent) ? BinaryContent.Create(BinaryData.FromString(JsonBody))
            : type == typeof(BinaryData) ? BinaryData.FromString(JsonBody)
            : type == typeof(Stream) ? new MemoryStream(Sentinel.Bytes)
            : type == typeof(byte[]) ? Sentinel.Bytes
            : type == typeof(ReadOnlyMemory<byte>) ? new ReadOnlyMemory<byte>(Sentinel.Bytes)
            : type == typeof(RequestOptions) ? null
            : type == typeof(ContinuationToken) ? ContinuationToken.FromBytes(BinaryData.FromString($$"""{"after":"{{Sentinel.Text}}"}"""))
            : type == typeof(ChatMessage) ? Message()
            : type == typeof(TimeSpan) ? TimeSpan.FromSeconds(1)
            : type == typeof(DateTimeOffset) ? DateTimeOffset.UnixEpoch
            : type == typeof(ApiKeyCredential) ? new ApiKeyCredential("key")
            : type.IsEnum ? Enum.GetValues(type).GetValue(0)
            : Collection(type, depth) ?? Instance(type, depth);
    }

    public static UserChatMessage Message() => new(
        ChatMessageContentPart.CreateTextPart(Sentinel.Text),
        ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(Sentinel.Bytes), "image/png"),
        ChatMessageContentPart.CreateFilePart(BinaryData.FromBytes(Sentinel.Bytes), "application/pdf", $"{Sentinel.Text}.pdf"));

    private static RequestOptions OptionsWithHeader()
    {
        RequestOptions options = new();
        options.AddHeader("X-Canary", Sentinel.Text);
        return options;
    }

    private static object? Collection(Type type, int depth)
    {
        Type? element = type.IsArray ? type.GetElementType()
            : type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type) && type.GetGenericArguments().Length == 1
                ? type.GetGenericArguments()[0]
            : null;
        if (type.IsGenericType && type.GetGenericArguments() is [var key, var value] && key == typeof(string) && type.IsInterface)
        {
            IDictionary dictionary = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(key, value))!;
            dictionary[Sentinel.Text] = Make(value, depth + 1);
            return dictionary;
        }

        if (element is null || depth > DeepestObject)
        {
            return null;
        }

        object? item = Make(element, depth + 1);
        Array array = Array.CreateInstance(element, item is null ? 0 : 1);
        if (item is not null)
        {
            array.SetValue(item, 0);
        }

        return type.IsAssignableFrom(array.GetType()) ? array : null;
    }

    /// <summary>An instance by the widest constructor that works, with every settable property filled.</summary>
    private static object? Instance(Type type, int depth)
    {
        if (depth > DeepestObject || type.IsAbstract || type.IsInterface || typeof(Delegate).IsAssignableFrom(type) || type == typeof(object))
        {
            return type == typeof(object) ? Sentinel.Text : FromFactory(type, depth);
        }

        if (type.IsPrimitive)
        {
            return type == typeof(bool) ? true : Convert.ChangeType(1, type);
        }

        foreach (ConstructorInfo constructor in type.GetConstructors().OrderByDescending(constructor => constructor.GetParameters().Length))
        {
            if (Try(() => constructor.Invoke([.. constructor.GetParameters().Select(parameter => Make(parameter, depth + 1))])) is { } instance)
            {
                Fill(instance, depth);
                return instance;
            }
        }

        return type.IsValueType ? Activator.CreateInstance(type) : FromFactory(type, depth);
    }

    /// <summary>Types without a usable constructor often have static Create methods.</summary>
    private static object? FromFactory(Type type, int depth) => depth > DeepestObject ? null : type
        .GetMethods(BindingFlags.Public | BindingFlags.Static)
        .Where(method => type.IsAssignableFrom(method.ReturnType) && !method.IsGenericMethod && !method.IsSpecialName)
        .Select(method => Try(() => method.Invoke(null, [.. method.GetParameters().Select(parameter => Make(parameter, depth + 1))])))
        .FirstOrDefault(instance => instance is not null);

    private static void Fill(object instance, int depth)
    {
        foreach (PropertyInfo property in instance.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            _ = Try<object>(() =>
            {
                if (property.SetMethod?.IsPublic == true && property.GetIndexParameters().Length == 0)
                {
                    property.SetValue(instance, Make(property.Name, property.PropertyType, depth + 1));
                }
                else if (property.GetValue(instance) is IDictionary<string, string> texts)
                {
                    texts[Sentinel.Text] = Sentinel.Text;
                }
                else if (property.GetValue(instance) is IList { IsReadOnly: false, IsFixedSize: false } list && property.PropertyType.IsGenericType)
                {
                    _ = list.Add(Make(property.PropertyType.GetGenericArguments()[0], depth + 1));
                }

                return null;
            });
        }
    }

    private static T? Try<T>(Func<T?> action)
        where T : class
    {
        try
        {
            return action();
        }
        catch (Exception exception) when (
            exception is TargetInvocationException or ArgumentException or NotSupportedException or InvalidOperationException)
        {
            return null;
        }
    }
}
