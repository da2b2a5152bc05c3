using System.Buffers.Binary;
using Examples;
using Microsoft.Extensions.AI;

// An image travels inside the sealed request, as data. An address of one would tell its host, and is refused unless you choose otherwise.
await using Example example = await Example.StartAsync(model => model.Reply("A red square."));
IChatClient chat = example.Client.AsIChatClient("gemma-3-27b");

ChatMessage question = new(ChatRole.User,
[
    new TextContent("What is in this picture?"),
    new DataContent(RedSquare(64), "image/bmp"),
]);
ChatResponse answer = await chat.GetResponseAsync([question]);
Console.WriteLine(answer.Text);

// A bitmap of 24 bits, made in code: 54 bytes of header, then blue, green and red of each pixel.
static byte[] RedSquare(int side)
{
    byte[] file = new byte[54 + side * side * 3];
    "BM"u8.CopyTo(file);
    BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);
    BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 54);
    BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 40);
    BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), side);
    BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), side);
    BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(26), 1);
    BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(28), 24);
    for (int red = 56; red < file.Length; red += 3)
    {
        file[red] = 0xFF;
    }

    return file;
}
