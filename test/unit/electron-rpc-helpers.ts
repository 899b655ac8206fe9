/** Handlers for RPC tests: everything refuses, tests override what they need. */
import { BpfdeskError } from "../../electron/core/errors.ts";
import { contract, type MethodName } from "../../electron/shared/contract.ts";
import { type Client, createClient } from "../../electron/shared/rpc/client.ts";
import { memoryPorts } from "../../electron/shared/rpc/memory-port.ts";
import type { Port } from "../../electron/shared/rpc/port.ts";
import { type Handlers, type ServeOptions, serve } from "../../electron/shared/rpc/server.ts";

export function handlersWith(overrides: Partial<Handlers>): Handlers {
  const refuse = () => {
    throw new BpfdeskError({ code: "not-in-this-test", message: "not in this test", hint: "" });
  };
  const all = Object.fromEntries(Object.keys(contract).map((name) => [name as MethodName, refuse]));
  return { ...all, ...overrides } as Handlers;
}

/** A client and a server on a port pair in memory. */
export function connected(
  overrides: Partial<Handlers>,
  options?: ServeOptions,
): { client: Client; serverPort: Port; clientPort: Port } {
  const [clientPort, serverPort] = memoryPorts();
  serve(serverPort, handlersWith(overrides), options);
  return { client: createClient(clientPort), serverPort, clientPort };
}

/** The error data a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<BpfdeskError["data"]> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof BpfdeskError) return error.data;
    throw error;
  }
  throw new Error("it did not reject");
}
