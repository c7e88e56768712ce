// Uses the types that openapi-typescript made of docs/openapi.json against a real server.

import assert from "node:assert/strict";

import createClient from "openapi-fetch";

import type { components, paths } from "./api.js";

const access = text("ACCESS");
const token = text("TOKEN");
const headers = { Authorization: `Bearer ${access}` };
const service = createClient<paths>({ baseUrl: text("SERVICE"), headers });
const admin = createClient<paths>({ baseUrl: text("ADMIN"), headers });
const path = { gate: "windows-mdm" };

function text(name: string): string {
  const value = process.env[name];
  assert.ok(value, name);
  return value;
}

// Decisions.
const decided = await service.POST("/v1/gates/{gate}/decide", { params: { path }, body: { token } });
const decision: components["schemas"]["Decision"] | undefined = decided.data;
assert.equal(decision?.outcome, "allow");
assert.ok(decision.identity?.object_id);
const unknown = await service.POST("/v1/gates/{gate}/decide", {
  params: { path: { gate: "nowhere" } },
  body: { token, facts: { "account.exists": true, "account.age": 3 } },
});
assert.ok(unknown.error && "code" in unknown.error);
assert.equal(unknown.error.code, "unknown_gate");

// Settings, with the revision that they were read at.
const before = await admin.GET("/v1/gates/{gate}/settings", { params: { path } });
const tag = before.response.headers.get("etag") ?? "";
const scopes = before.data?.effective["scopes"];
assert.ok(Array.isArray(scopes));
const patch = (ifMatch: string) =>
  admin.PATCH("/v1/gates/{gate}/settings", {
    params: { path, header: { "If-Match": ifMatch } },
    body: { scopes: [...scopes, "typescript"], allow_guests: null },
  });
const changed = await patch(tag);
assert.deepEqual(changed.data?.effective["scopes"], [...scopes, "typescript"]);
assert.equal(changed.data.activation.result, "activated");
assert.equal((await patch(tag)).error?.code, "changed_meanwhile");

// A bundled policy, and bytes as an upload.
const tried = await admin.POST("/v1/gates/{gate}/policy", {
  params: { path, query: { dry_run: true } },
  body: { policy: "windows-mdm" },
});
assert.ok(tried.data?.steps.every((step) => step.ok));
const refused = await admin.POST("/v1/gates/{gate}/policy", {
  params: { path },
  headers: { "Content-Type": "application/octet-stream" },
  body: "\0asm",
  bodySerializer: (body) => body,
});
assert.equal(refused.error?.code, "inspect");

// What anybody may ask.
const metrics = await admin.GET("/metrics", { parseAs: "text" });
assert.match(metrics.data ?? "", /admit_decisions_total\{/);
const ready = await service.GET("/health/ready/{gate}", { params: { path } });
assert.equal(ready.data?.status, "ready");
console.log("typescript: decided, patched, uploaded, measured");
