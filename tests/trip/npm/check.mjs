// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 The Trundle Authors
// check.mjs FILE N - the official reader over one trip, streamed and indexed, CRCs on; exits 1 with the reason.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.cwd(), "package.json"));
const { McapStreamReader, McapIndexedReader } = require("@mcap/core");
const { loadDecompressHandlers } = require("@mcap/support");

const [file, wanted] = process.argv.slice(2);
const bytes = new Uint8Array(fs.readFileSync(file));
const readable = {
  size: async () => BigInt(bytes.length),
  read: async (offset, size) => bytes.slice(Number(offset), Number(offset + size)),
};
function need(ok, what) {
  if (!ok) {
    console.error(`${file}: ${what}`);
    process.exit(1);
  }
}

const decompressHandlers = await loadDecompressHandlers();
const stream = new McapStreamReader({ decompressHandlers, validateCrcs: true });
const kinds = {};
stream.append(bytes);
for (let record; (record = stream.nextRecord()); ) {
  kinds[record.type] = (kinds[record.type] ?? 0) + 1;
}
need(stream.done(), "the stream has no end");
need(kinds.Message === Number(wanted), `${kinds.Message} messages streamed, not ${wanted}`);
need(kinds.Attachment === 2 && kinds.Metadata === 1, "attachments or metadata are missing");

const indexed = await McapIndexedReader.Initialize({ readable, decompressHandlers });
let n = 0;
let last = 0n;
for await (const message of indexed.readMessages({ validateCrcs: true })) {
  need(message.logTime >= last, "messages out of order");
  need(indexed.channelsById.has(message.channelId), "a message of no channel");
  last = message.logTime;
  n++;
}
need(n === Number(wanted), `${n} messages by the index, not ${wanted}`);
need(indexed.statistics.messageCount === BigInt(wanted), "the statistics are wrong");
need(indexed.statistics.chunkCount === indexed.chunkIndexes.length, "the chunk indexes are not all there");
for await (const attachment of indexed.readAttachments({ name: "cart.json", validateCrcs: true })) {
  need(new TextDecoder().decode(attachment.data) === '{"cart":1}', "the attachment is another");
}
for await (const metadata of indexed.readMetadata({ name: "trundle.trip" })) {
  need(metadata.metadata.get("seed") === "17", "the head is another");
}

// What a viewer does: every schema is a descriptor set that names its message, and decodes.
const protobuf = require("protobufjs");
const descriptor = require("protobufjs/ext/descriptor");
for (const schema of indexed.schemasById.values()) {
  const root = protobuf.Root.fromDescriptor(descriptor.FileDescriptorSet.decode(schema.data));
  root.resolveAll();
  need(root.lookupType(schema.name) !== undefined, `the descriptor of ${schema.name} does not define it`);
}
need(indexed.schemasById.size === 12, "schemas are missing");
for await (const message of indexed.readMessages({ topics: ["/cam/0", "/cam/1", "/cam/2"] })) {
  const schema = indexed.schemasById.get(indexed.channelsById.get(message.channelId).schemaId);
  const type = protobuf.Root.fromDescriptor(descriptor.FileDescriptorSet.decode(schema.data)).lookupType(schema.name);
  const image = type.decode(message.data);
  need(image.format === "jpeg" && /^cam\/[0-2]$/.test(image.frameId ?? image.frame_id) && image.data.length > 0, "a picture that viewers would not show");
}
