using System.Reflection;
using System.Text;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>Writes the public surface of an assembly as text, one member a line, to be read in reviews.</summary>
internal static class PublicSurface
{
    private static readonly NullabilityInfoContext Nullability = new();

    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Of(Assembly assembly)
    {
        StringBuilder text = new();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Kind(type)).Append(' ').Append(Name(type));
            string bases = string.Join(", ", Bases(type).Select(Name));
            text.Append(bases.Length == 0 ? "" : $" : {bases}").Append('\n');
            foreach (string member in Members(type).Order(StringComparer.Ordinal))
            {
                text.Append("    ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    private static IEnumerable<Type> Bases(Type type)
    {
        IEnumerable<Type> own = type.BaseType is { } parent && parent != typeof(object) && parent != typeof(Enum) ? [parent] : [];
        return type.IsEnum ? [] : own.Concat(type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? []).OrderBy(Name, StringComparer.Ordinal));
    }

    private static IEnumerable<string> Members(Type type) => type.IsEnum
        ? Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name))}")
        : type.GetConstructors(Declared).Where(IsVisible).Select(constructor => $"{Access(constructor)} .ctor({Parameters(constructor)})")
            .Concat(type.GetProperties(Declared).Where(property => property.GetAccessors(true).Any(IsVisible)).Select(Property))
            .Concat(type.GetEvents(Declared).Where(happening => IsVisible(happening.AddMethod!)).Select(Event))
            .Concat(type.GetMethods(Declared).Where(method => IsVisible(method) && !method.IsSpecialName).Select(Method))
            .Concat(type.GetFields(Declared).Where(field => field.IsPublic).Select(Field));

    private static string Property(PropertyInfo property)
    {
        string accessors = string.Join(
            " ", property.GetAccessors(true).Where(IsVisible).Select(accessor => accessor.Name[..3] + ";").Order(StringComparer.Ordinal));
        return $"{Access(property.GetAccessors(true).First(IsVisible))} {Name(Nullability.Create(property))} {property.Name} {{ {accessors} }}";
    }

    private static string Method(MethodInfo method) =>
        $"{Access(method)} {Name(Nullability.Create(method.ReturnParameter))} {method.Name}({Parameters(method)})";

    private static string Event(EventInfo happening) =>
        $"{Access(happening.AddMethod!)} event {Name(Nullability.Create(happening))} {happening.Name}";

    private static string Field(FieldInfo field) =>
        $"public {(field.IsLiteral ? "const" : "static readonly")} {Name(Nullability.Create(field))} {field.Name}"
        + (field.IsLiteral ? $" = {field.GetRawConstantValue()}" : "");

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{Name(Nullability.Create(parameter))} {parameter.Name}{(parameter.HasDefaultValue ? $" = {parameter.DefaultValue ?? "default"}" : "")}"));

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Access(MethodBase method) =>
        (method.IsPublic ? "public" : "protected") + (method.IsStatic ? " static" : method.IsVirtual && !method.IsFinal ? " virtual" : "");

    private static string Kind(Type type) => type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct"
        : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
        : type is { IsAbstract: true, IsSealed: true } ? "static class" : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";

    /// <summary>A type with a question mark wherever null is allowed: behind it, behind its type arguments, behind the elements of an
    /// array.</summary>
    private static string Name(NullabilityInfo info)
    {
        if (Nullable.GetUnderlyingType(info.Type) is { } value)
        {
            return $"{Name(value)}?";
        }

        string mark = !info.Type.IsValueType && MayBeNull(info) ? "?" : "";
        if (info.ElementType is { } element)
        {
            return $"{Name(element)}[]{mark}";
        }

        return info.Type.IsGenericType
            ? $"{Plain(info.Type)}<{string.Join(", ", info.GenericTypeArguments.Select(Name))}>{mark}"
            : Name(info.Type) + mark;
    }

    private static bool MayBeNull(NullabilityInfo info) => info.ReadState == NullabilityState.Nullable || info.WriteState == NullabilityState.Nullable;

    private static string Plain(Type generic) => generic.Name[..generic.Name.IndexOf('`', StringComparison.Ordinal)];

    private static string Name(Type type)
    {
        if (!type.IsGenericType)
        {
            return type.Namespace == "System" ? type.Name : type.FullName ?? type.Name;
        }

        return $"{Plain(type)}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }
}
