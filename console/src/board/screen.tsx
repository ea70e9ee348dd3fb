/** The live board: tiles, filters, and the calls in progress beside them. */
import { LayoutGrid, SearchX } from "lucide-react";
import { useCallback, useDeferredValue, useMemo, useState } from "react";
import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { usePhone } from "../softphone/context";
import { Button } from "../ui/button";
import { SearchField, SwitchField } from "../ui/fields";
import { Page } from "../ui/page";
import { Empty, Skeleton } from "../ui/states";
import { Calls } from "./calls";
import { useWholeBoard } from "./context";
import { ConfirmHangup } from "./hangup";
import { LINE_STATES, type LineState } from "./model";
import styles from "./screen.module.css";
import type { Filter } from "./selection";
import { TileCard } from "./tile-card";
import { Tiles, useGroups } from "./tiles";

const ALL: Filter = { text: "", state: "all", grouped: false };

interface Opened {
  key: string;
  anchor: HTMLElement;
}

export default function BoardScreen() {
  const { t } = useTranslation("board");
  const store = useWholeBoard();
  const [filter, setFilter] = useState(ALL);
  const [opened, setOpened] = useState<Opened | null>(null);
  const [ending, setEnding] = useState("");
  const open = useCallback((key: string, anchor: HTMLElement) => setOpened({ key, anchor }), []);
  const text = useDeferredValue(filter.text);
  const used = useMemo(() => ({ ...filter, text }), [filter, text]);
  const phone = usePhone();
  const canCall = phone.state.registration === "registered";
  const { groups, counts, total } = useGroups(used);
  return (
    <Page
      fill
      title={t("title")}
      summary={store.isLoaded && t("summary", { lines: total, count: store.calls.size })}
      actions={total > 0 && <Filters filter={filter} onChange={setFilter} />}
    >
      {total > 0 && <States filter={filter} onChange={setFilter} counts={counts} total={total} />}
      <div className={styles.columns}>
        <div className={styles.main}>
          {!store.isLoaded && <Skeleton rows={8} />}
          {store.isLoaded && store.engine.up && total === 0 && <NoExtensions />}
          {total > 0 && groups.length === 0 && <NoMatch onClear={() => setFilter(ALL)} />}
          <Tiles groups={groups} onOpen={open} />
        </div>
        <div className={styles.side}>
          <Calls onHangup={setEnding} />
        </div>
      </div>
      {opened && (
        <TileCard
          id={opened.key}
          anchor={opened.anchor}
          onClose={() => setOpened(null)}
          onHangup={setEnding}
          onCall={canCall ? (number) => phone.send({ do: "call", number }) : undefined}
        />
      )}
      {ending && <ConfirmHangup callId={ending} onClose={() => setEnding("")} />}
    </Page>
  );
}

interface FilterProps {
  filter: Filter;
  onChange: (filter: Filter) => void;
}

function Filters({ filter, onChange }: FilterProps) {
  const { t } = useTranslation("board");
  return (
    <div className={styles.filters}>
      <SwitchField
        label={t("groupByState")}
        isSelected={filter.grouped}
        onChange={(grouped) => onChange({ ...filter, grouped })}
      />
      <div className={styles.search}>
        <SearchField
          label={t("search")}
          value={filter.text}
          onChange={(text) => onChange({ ...filter, text })}
          data-testid="screen-search"
        />
      </div>
    </div>
  );
}

function States({
  filter,
  onChange,
  counts,
  total,
}: FilterProps & { counts: Record<LineState, number>; total: number }) {
  const { t } = useTranslation("board");
  return (
    <ToggleButtonGroup
      aria-label={t("filter")}
      className={styles.states}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[filter.state]}
      onSelectionChange={([state]) => onChange({ ...filter, state: state as Filter["state"] })}
    >
      <ToggleButton id="all" className={styles.chip}>
        {t("all")} <span className={styles.number}>{total}</span>
      </ToggleButton>
      {LINE_STATES.map((state) => (
        <ToggleButton key={state} id={state} className={styles.chip} data-testid={`filter-${state}`}>
          <span className={styles.dot} data-state={state} aria-hidden />
          {t(`state.${state}`)} <span className={styles.number}>{counts[state]}</span>
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}

function NoExtensions() {
  const { t } = useTranslation("board");
  const navigate = useNavigate();
  return (
    <Empty
      icon={<LayoutGrid />}
      title={t("empty.title")}
      action={
        <Button variant="primary" onPress={() => navigate("/extensions/new")}>
          {t("empty.action")}
        </Button>
      }
    >
      {t("empty.text")}
    </Empty>
  );
}

function NoMatch({ onClear }: { onClear: () => void }) {
  const { t } = useTranslation("board");
  return (
    <Empty
      icon={<SearchX />}
      title={t("noMatch.title")}
      action={<Button onPress={onClear}>{t("noMatch.action")}</Button>}
    >
      {t("noMatch.text")}
    </Empty>
  );
}
