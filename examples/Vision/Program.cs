using System.Buffers.Binary;
using Examples;
using Microsoft.Extensions.AI;

// Sends an image as data in the encrypted request. The URL of an image is refused by default, because its host would learn of the request.
await using Example example = await Example.StartAsync(model => model.Reply("A red square."));
IChatClient chat = example.Client.AsIChatClient("gemma-3-27b");

ChatMessage question = new(ChatRole.User,
[
    new TextContent("What is in this picture?"),
    new DataContent(RedSquare(64), "image/bmp"),
]);
ChatResponse answer = await chat.GetResponseAsync([question]);
Console.WriteLine(answer.Text);

// A generated bitmap: a header of 54 bytes, then blue, green and red of each pixel.
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
