using System.Reflection;
using System.Reflection.Emit;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

/// <summary>
/// What the compiled primitives must not contain: a division (KyberSlash: / and % are a div instruction until the JIT optimises) and an
/// overflow check (a conditional jump on a value that may be secret).
/// </summary>
public class SecretCodeTests
{
    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    // Works on lengths and hands secrets to the platform; its one checked conversion is of a length.
    private static readonly Type[] WithoutSecretArithmetic = [typeof(HpkeKdf)];

    [Fact]
    public void CompiledPrimitives_OfTheHpkeRoom_HaveNoDivisionAndNoOverflowCheck()
    {
        List<string> found = [];
        int methods = 0;
        foreach (MethodBase method in typeof(KPke).Assembly.GetTypes().Where(IsPrimitive).SelectMany(Methods))
        {
            methods++;
            found.AddRange(from code in Instructions(method.GetMethodBody())
                           where IsForbidden(code)
                           select $"{method.DeclaringType}.{method.Name}: {code.Name}");
        }

        Assert.Empty(found);
        Assert.True(methods > 60, $"Only {methods} methods were looked at.");
    }

    [Fact]
    public void IsForbidden_CheckedMethodWithDivision_IsFound()
    {
        MethodInfo method = typeof(SecretCodeTests).GetMethod(nameof(DividesAndChecks), BindingFlags.NonPublic | BindingFlags.Static)!;
        Assert.Equal(["rem.un", "add.ovf.un"], Instructions(method.GetMethodBody()).Where(IsForbidden).Select(code => code.Name));
    }

    private static uint DividesAndChecks(uint a, uint b) => checked((a % b) + b);

    private static bool IsPrimitive(Type type) =>
        type.Namespace == typeof(KPke).Namespace && !WithoutSecretArithmetic.Contains(type);

    private static IEnumerable<MethodBase> Methods(Type type)
    {
        const BindingFlags All =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        return type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)).Where(method => method.GetMethodBody() is not null);
    }

    private static bool IsForbidden(OpCode code) =>
        code == OpCodes.Div || code == OpCodes.Div_Un || code == OpCodes.Rem || code == OpCodes.Rem_Un
        || code.Name!.Contains(".ovf", StringComparison.Ordinal);

    private static IEnumerable<OpCode> Instructions(MethodBody? body)
    {
        byte[] code = body!.GetILAsByteArray()!;
        int position = 0;
        while (position < code.Length)
        {
            short value = code[position++];
            if (value == 0xFE)
            {
                value = unchecked((short)(0xFE00 | code[position++]));
            }

            OpCode opCode = OpCodesByValue[value];
            yield return opCode;
            position += OperandSize(opCode, code, position);
        }
    }

    private static int OperandSize(OpCode opCode, byte[] code, int position) => opCode.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, position)),
        _ => 4,
    };
}
