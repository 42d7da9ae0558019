// The least of RFC 6455 that the mock needs: handshake, text frames, ping, close.
import { createHash } from 'node:crypto';

export function accept(request, socket, protocol) {
  const key = request.headers['sec-websocket-key'];
  const hash = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${hash}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  );
  const connection = { send, close, onmessage: () => {}, onclose: () => {} };
  let buffer = Buffer.alloc(0);

  function frame(opcode, payload) {
    const length = payload.length;
    const head =
      length < 126
        ? Buffer.from([0x80 | opcode, length])
        : length < 65536
          ? Buffer.from([0x80 | opcode, 126, length >> 8, length & 255])
          : Buffer.concat([Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0]), uint32(length)]);
    if (!socket.destroyed) socket.write(Buffer.concat([head, payload]));
  }
  function send(value) {
    frame(1, Buffer.from(JSON.stringify(value)));
  }
  function close(code) {
    frame(8, Buffer.from([code >> 8, code & 255]));
    socket.end();
  }
  socket.on('data', (data) => {
    buffer = Buffer.concat([buffer, data]);
    for (;;) {
      if (buffer.length < 2) return;
      const opcode = buffer[0] & 15;
      let length = buffer[1] & 127;
      let at = 2;
      if (length === 126) {
        if (buffer.length < 4) return;
        length = buffer.readUInt16BE(2);
        at = 4;
      }
      if (buffer.length < at + 4 + length) return;
      const mask = buffer.subarray(at, at + 4);
      const body = Buffer.from(buffer.subarray(at + 4, at + 4 + length).map((b, i) => b ^ mask[i % 4]));
      buffer = buffer.subarray(at + 4 + length);
      if (opcode === 1) connection.onmessage(JSON.parse(body.toString()));
      else if (opcode === 9) frame(10, body);
      else if (opcode === 8) {
        socket.end();
        return;
      }
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => connection.onclose());
  return connection;
}

function uint32(n) {
  const b = Buffer.alloc(4);
  b.writeUInt32BE(n);
  return b;
}
