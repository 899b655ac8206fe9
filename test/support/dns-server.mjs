/**
 * A DNS server for tests of the dns tracer, on port 53 of 127.0.0.1 and ::1, over UDP and TCP. Writes a line for every query
 * it gets: what it must be compared with. The first label of a name says what becomes of it:
 *
 *     never…   no answer            nx…      NXDOMAIN          refused…  REFUSED
 *     broken…  an answer that ends within a record             twice…    two answers
 *     big…     4 KB of TXT; over UDP a truncated answer; over TCP in pieces of 97 bytes
 *     alias…   a CNAME and what it stands for                  else an answer of the type that was asked for
 *
 * Below cluster.local there is only what begins with svc.
 *
 * Says `ready` first. Ends with its standard input.
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const PORT = Number(process.argv[2] ?? 53);
const TYPES = {
  1: "A",
  2: "NS",
  5: "CNAME",
  12: "PTR",
  15: "MX",
  16: "TXT",
  28: "AAAA",
  33: "SRV",
  64: "SVCB",
  65: "HTTPS",
};

const u16 = (...numbers) => Buffer.from(numbers.flatMap((number) => [number >> 8, number & 255]));
const nameBytes = (name) =>
  Buffer.concat([
    ...name.split(".").map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);

function questionOf(query) {
  const labels = [];
  let at = 12;
  for (; query[at] !== 0; at += query[at] + 1) {
    if (at >= query.length) return null;
    labels.push(query.toString("latin1", at + 1, at + 1 + query[at]));
  }
  if (query.length < at + 5) return null;
  return { name: labels.join("."), type: query.readUInt16BE(at + 1), bytes: query.subarray(12, at + 5) };
}

const record = (type, data, ttl = 60) => Buffer.concat([u16(0xc00c, type, 1, 0, ttl, data.length), data]);

function recordsOf(name, type) {
  if (name.startsWith("big"))
    return Array.from({ length: 20 }, (_, at) =>
      record(16, Buffer.concat([Buffer.from([200]), Buffer.alloc(200, 97 + at)])),
    );
  const address = record(1, Buffer.from([10, 1, 2, 3]), 30);
  if (name.startsWith("alias")) return [record(5, nameBytes("target.lab.test")), address];
  switch (type) {
    case 1:
      return [address];
    case 28:
      return [record(28, Buffer.concat([u16(0xfd00), Buffer.alloc(13), Buffer.from([7])]))];
    case 12:
      return [record(12, nameBytes("host.lab.test"))];
    case 15:
      return [record(15, Buffer.concat([u16(10), nameBytes("mail.lab.test")]))];
    case 16:
      return [record(16, Buffer.from([3, ...Buffer.from('a"\u0001', "latin1")]))];
    case 33:
      return [record(33, Buffer.concat([u16(1, 2, 8080), nameBytes("srv.lab.test")]))];
    case 65:
      return [
        record(
          65,
          Buffer.concat([
            u16(1),
            Buffer.from([0]),
            u16(1, 3),
            Buffer.from([2, 104, 50]),
            u16(4, 4),
            Buffer.from([10, 1, 2, 4]),
          ]),
        ),
      ];
    default:
      return [];
  }
}

/** Null: there is none. */
function answerTo(query, { name, type, bytes }, tcp) {
  if (name.startsWith("never")) return null;
  const head = (flags, count) => Buffer.concat([query.subarray(0, 2), u16(0x8180 | flags, 1, count, 0, 0), bytes]);
  // Services of a cluster are called svc…; what a search list makes of other names is not there.
  const absent = name.endsWith(".cluster.local") && !name.startsWith("svc");
  if (name.startsWith("nx") || absent) return head(3, 0);
  if (name.startsWith("refused")) return head(5, 0);
  if (name.startsWith("broken")) return Buffer.concat([head(0, 1), u16(0xc00c, 1, 1)]);
  if (name.startsWith("big") && !tcp) return head(0x0200, 0);
  const records = recordsOf(name, type);
  return Buffer.concat([head(0, records.length), ...records]);
}

function take(query, transport, client_port, send) {
  const question = query.length < 12 ? null : questionOf(query);
  const told = question
    ? { name: question.name, type: TYPES[question.type] ?? `TYPE${question.type}` }
    : { name: null, type: null };
  const id = query.length < 2 ? 0 : query.readUInt16BE(0);
  process.stdout.write(`${JSON.stringify({ transport, client_port, id, ...told })}\n`);
  const answer = question && answerTo(query, question, transport === "tcp");
  if (answer) send(answer);
  if (answer && question.name.startsWith("twice")) send(answer);
}

const bound = ["127.0.0.1", "::1"].flatMap((address) => {
  const udp = createSocket({ type: address === "::1" ? "udp6" : "udp4", recvBufferSize: 1 << 20 });
  udp.on("message", (query, { port, address: from }) =>
    take(query, "udp", port, (answer) => udp.send(answer, port, from)),
  );
  const tcp = createServer({ noDelay: true }, (socket) => {
    let held = Buffer.alloc(0);
    const out = [];
    let writing = false;
    // A piece is written when the one before is on its way, so that each is a segment.
    const write = () => {
      const piece = out.shift();
      writing = piece !== undefined;
      if (piece) socket.write(piece, () => setImmediate(write));
    };
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      held = Buffer.concat([held, bytes]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const query = held.subarray(2, 2 + held.readUInt16BE(0));
        held = held.subarray(2 + query.length);
        take(query, "tcp", socket.remotePort, (answer) => {
          const framed = Buffer.concat([u16(answer.length), answer]);
          for (let at = 0; at < framed.length; at += 97) out.push(framed.subarray(at, at + 97));
          if (!writing) write();
        });
      }
    });
  });
  return [
    new Promise((resolve) => udp.bind(PORT, address, () => resolve())),
    new Promise((resolve) => tcp.listen(PORT, address, () => resolve())),
  ];
});
await Promise.all(bound);
process.stdout.write('"ready"\n');
process.stdin.on("end", () => process.exit(0)).resume();
