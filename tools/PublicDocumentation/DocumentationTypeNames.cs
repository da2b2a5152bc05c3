using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace PublicDocumentation;

/// <summary>Writes types as the ID strings of documentation files do: full names, with braces around type arguments.</summary>
internal sealed class DocumentationTypeNames : ISignatureTypeProvider<string, object?>
{
    public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        string name = reader.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } outer
            ? $"{GetTypeFromDefinition(reader, outer, 0)}.{name}"
            : Qualified(reader.GetString(type.Namespace), name);
    }

    public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
    {
        TypeReference type = reader.GetTypeReference(handle);
        string name = reader.GetString(type.Name);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{GetTypeFromReference(reader, (TypeReferenceHandle)type.ResolutionScope, 0)}.{name}"
            : Qualified(reader.GetString(type.Namespace), name);
    }

    public string GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    public string GetPrimitiveType(PrimitiveTypeCode typeCode) => $"System.{typeCode}";

    // Outer`1.Inner`1 with two arguments is Outer{A}.Inner{B}: each part takes as many arguments as its arity says.
    public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments)
    {
        int used = 0;
        return string.Join('.', genericType.Split('.').Select(part =>
        {
            if (part.IndexOf('`', StringComparison.Ordinal) is int mark and >= 0)
            {
                int arity = int.Parse(part[(mark + 1)..], System.Globalization.CultureInfo.InvariantCulture);
                part = $"{part[..mark]}{{{string.Join(',', typeArguments.Skip(used).Take(arity))}}}";
                used += arity;
            }

            return part;
        }));
    }

    public string GetSZArrayType(string elementType) => $"{elementType}[]";

    public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{string.Join(',', Enumerable.Repeat("0:", shape.Rank))}]";

    public string GetByReferenceType(string elementType) => $"{elementType}@";

    public string GetPointerType(string elementType) => $"{elementType}*";

    public string GetGenericTypeParameter(object? genericContext, int index) => $"`{index}";

    public string GetGenericMethodParameter(object? genericContext, int index) => $"``{index}";

    // As the compiler does: "in" and "init" leave no trace in an ID.
    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

    public string GetPinnedType(string elementType) => elementType;

    public string GetFunctionPointerType(MethodSignature<string> signature) =>
        throw new NotSupportedException("Function pointers are not part of the public surface.");

    private static string Qualified(string @namespace, string name) => @namespace.Length == 0 ? name : $"{@namespace}.{name}";
}
