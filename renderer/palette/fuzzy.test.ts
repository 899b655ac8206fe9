import { expect, it } from "vitest";
import { fuzzyRank, fuzzyScore } from "./fuzzy.ts";

const names = ["cil_from_container", "cil_to_container", "tail_handle_ipv4", "tail_ipv4_ct_ingress", "sd_devices"];
const rank = (query: string) => fuzzyRank(query, names, (name) => name, 10);

it("puts the name that holds the text before one that only has its letters", () => {
  expect(rank("ipv4")).toEqual(["tail_handle_ipv4", "tail_ipv4_ct_ingress"]);
  expect(rank("devices")).toEqual(["sd_devices"]);
});

it("finds a name by the starts of its words", () => {
  expect(rank("cfc")).toEqual(["cil_from_container"]);
  expect(rank("thi")[0]).toBe("tail_handle_ipv4");
});

it("puts the name that starts with the text first", () => {
  expect(rank("tail_ipv4")[0]).toBe("tail_ipv4_ct_ingress");
});

it("keeps everything in order for an empty query and nothing for one that fits nothing", () => {
  expect(rank("  ")).toEqual(names);
  expect(rank("zzz")).toEqual([]);
  expect(fuzzyScore("zzz", "cil")).toBeNull();
});

it("never returns more than was asked for", () => {
  expect(fuzzyRank("", names, (name) => name, 2)).toEqual(names.slice(0, 2));
});
