/** "What did you run on my node?": every command with its exact text, and what the collector asks and why. */
import { ScrollText } from "lucide-react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { useStore } from "zustand";
import { shownCommandStore } from "../../stores/commands.ts";
import { defineView } from "../define.ts";
import { CommandLog } from "./command-log.tsx";
import { SectionsPanel } from "./sections.tsx";

function Commands() {
  const tab = useStore(shownCommandStore, (state) => state.tab);
  return (
    <Tabs
      className="tabs"
      selectedKey={tab}
      onSelectionChange={(key) => shownCommandStore.setState({ tab: key === "log" ? "log" : "sections" })}
    >
      <TabList aria-label="Commands" className="tab-list">
        <Tab id="sections" className="tab">
          What is asked and why
        </Tab>
        <Tab id="log" className="tab">
          Commands run
        </Tab>
      </TabList>
      <TabPanel id="sections" className="tab-panel">
        <SectionsPanel />
      </TabPanel>
      <TabPanel id="log" className="tab-panel">
        <CommandLog />
      </TabPanel>
    </Tabs>
  );
}

export default defineView({
  id: "commands",
  title: "Commands",
  icon: ScrollText,
  order: 30,
  scope: "session",
  place: "bottom",
  Component: Commands,
});
