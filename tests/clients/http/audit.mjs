// Runs every audit of graphql-http's suite for servers against an address, and prints what became of each.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
console.log(JSON.stringify(results.map(({ name, status, reason }) => ({ name, status, reason: String(reason) }))));
