using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace PublicDocumentation;

/// <summary>
/// Lists the types and members of an assembly that code outside of it can use, by the IDs that documentation files have for them
/// (C# specification, annex D.4.2, "ID string format").
/// </summary>
internal sealed class PublicSurface
{
    private readonly MetadataReader _reader;
    private readonly DocumentationTypeNames _types;
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);

    private PublicSurface(MetadataReader reader) => (_reader, _types) = (reader, new DocumentationTypeNames());

    /// <summary>Returns the IDs of all public and protected types and members.</summary>
    public static HashSet<string> Read(string assembly)
    {
        using PEReader file = new(File.OpenRead(assembly));
        PublicSurface surface = new(file.GetMetadataReader());
        foreach (TypeDefinitionHandle handle in surface._reader.TypeDefinitions)
        {
            surface.AddType(surface._reader.GetTypeDefinition(handle), handle);
        }

        return surface._ids;
    }

    private void AddType(TypeDefinition type, TypeDefinitionHandle handle)
    {
        if (!IsVisible(type))
        {
            return;
        }

        string name = _types.GetTypeFromDefinition(_reader, handle, 0);
        _ids.Add($"T:{name}");
        foreach (FieldDefinition field in type.GetFields().Select(_reader.GetFieldDefinition).Where(IsVisible))
        {
            _ids.Add($"F:{name}.{_reader.GetString(field.Name)}");
        }

        foreach (MethodDefinition method in type.GetMethods().Select(_reader.GetMethodDefinition).Where(IsVisible))
        {
            _ids.Add(MethodId(name, method));
        }

        foreach (PropertyDefinition property in type.GetProperties().Select(_reader.GetPropertyDefinition).Where(IsVisible))
        {
            _ids.Add($"P:{name}.{MemberName(property.Name)}{Parameters(property.DecodeSignature(_types, null))}");
        }

        foreach (EventDefinition @event in type.GetEvents().Select(_reader.GetEventDefinition).Where(@event => IsVisible(@event.GetAccessors().Adder)))
        {
            _ids.Add($"E:{name}.{MemberName(@event.Name)}");
        }
    }

    private string MethodId(string type, MethodDefinition method)
    {
        string name = MemberName(method.Name);
        MethodSignature<string> signature = method.DecodeSignature(_types, null);
        string arity = signature.GenericParameterCount > 0 ? $"``{signature.GenericParameterCount}" : "";
        string result = name is "op_Implicit" or "op_Explicit" or "op_CheckedExplicit" ? $"~{signature.ReturnType}" : "";
        return $"M:{type}.{name}{arity}{Parameters(signature)}{result}";
    }

    private static string Parameters(MethodSignature<string> signature) =>
        signature.ParameterTypes.IsEmpty ? "" : $"({string.Join(',', signature.ParameterTypes)})";

    // Constructors are ".ctor", explicit implementations contain the name of the interface.
    private string MemberName(StringHandle name) => _reader.GetString(name).Replace('.', '#').Replace('<', '{').Replace('>', '}');

    private bool IsVisible(TypeDefinition type) => (type.Attributes & TypeAttributes.VisibilityMask) switch
    {
        TypeAttributes.Public => true,
        TypeAttributes.NestedPublic or TypeAttributes.NestedFamily or TypeAttributes.NestedFamORAssem =>
            IsVisible(_reader.GetTypeDefinition(type.GetDeclaringType())),
        _ => false,
    };

    private bool IsVisible(PropertyDefinition property)
    {
        PropertyAccessors accessors = property.GetAccessors();
        return IsVisible(accessors.Getter) || IsVisible(accessors.Setter);
    }

    private bool IsVisible(MethodDefinitionHandle method) => !method.IsNil && IsVisible(_reader.GetMethodDefinition(method));

    private static bool IsVisible(MethodDefinition method) => IsVisible((int)(method.Attributes & MethodAttributes.MemberAccessMask));

    private static bool IsVisible(FieldDefinition field) => IsVisible((int)(field.Attributes & FieldAttributes.FieldAccessMask));

    // ECMA-335, II.23.1.5 and II.23.1.10: fields and methods have the same values.
    private static bool IsVisible(int access) => access is (int)MethodAttributes.Public or (int)MethodAttributes.Family or (int)MethodAttributes.FamORAssem;
}
