import { expect, it } from "vitest";
import { collected, smallNode } from "./model/testdata/collected.ts";
import dumps from "./model/testdata/returns.json";
import { firstLook, picture } from "./pipeline.ts";

const code = (id: number, rows: unknown) => `#prog ${id}\n${JSON.stringify(rows)}\n`;
const first = () => collected(smallNode());
const followUp = () => collected({ "bpf.xlated": code(13, dumps.two_ways) + code(12, dumps.constant) });

it("gives the same picture of the same answers however often they were looked at before", () => {
  const answers = first();
  const more = followUp();
  const looked = firstLook(answers);
  const whole = picture(answers, more);
  expect(whole).not.toEqual(looked.datapath);
  expect(whole).toEqual(picture(first(), followUp()));
  expect(firstLook(answers)).toEqual(looked);
});
