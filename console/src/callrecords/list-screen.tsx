/** Call records: search, filters, and one call's detail beside the list. */
import { ScrollText, SearchX } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import type { Disposition } from "../api/types";
import { Button } from "../ui/button";
import { SearchField, SelectField, TextField } from "../ui/fields";
import { Card, Page } from "../ui/page";
import { Empty, Failed, Skeleton } from "../ui/states";
import table from "../ui/table.module.css";
import { NO_FILTER, type RecordFilter, useRecords } from "./queries";
import { RecordPanel } from "./record-panel";
import { RecordTable } from "./record-table";

const DISPOSITIONS: readonly Disposition[] = ["answered", "no_answer", "busy", "failed", "cancelled", "engine_lost"];
const ANY = "any";

export default function RecordsScreen() {
  const { t } = useTranslation("records");
  const { t: common } = useTranslation();
  const navigate = useNavigate();
  const { callId } = useParams();
  const [filter, setFilter] = useState(NO_FILTER);
  const q = useDeferredValue(filter.q.trim());
  const found = useRecords({ ...filter, q });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const total = found.data?.pages[0]?.total ?? 0;
  const isFiltered = JSON.stringify(filter) !== JSON.stringify(NO_FILTER);
  return (
    <Page title={t("title")} summary={found.isSuccess && t("summary", { count: total })}>
      <Card>
        <Filters filter={filter} onChange={setFilter} />
        {found.isPending && <Skeleton />}
        {found.isError && <Failed error={found.error} onRetry={() => found.refetch()} />}
        {found.isSuccess && total === 0 && isFiltered && (
          <Empty
            icon={<SearchX />}
            title={t("noMatch.title")}
            action={<Button onPress={() => setFilter(NO_FILTER)}>{t("clear")}</Button>}
          >
            {t("noMatch.text")}
          </Empty>
        )}
        {found.isSuccess && total === 0 && !isFiltered && (
          <Empty icon={<ScrollText />} title={t("empty.title")}>
            {t("empty.text")}
          </Empty>
        )}
        {items.length > 0 && <RecordTable items={items} />}
        {items.length > 0 && found.hasNextPage && (
          <div className={table.more}>
            {common("shown", { shown: items.length, total })}
            <Button isPending={found.isFetchingNextPage} onPress={() => found.fetchNextPage()}>
              {common("loadMore")}
            </Button>
          </div>
        )}
      </Card>
      {callId && <RecordPanel key={callId} callId={callId} onClose={() => navigate("/call-records")} />}
    </Page>
  );
}

function Filters({ filter, onChange }: { filter: RecordFilter; onChange: (filter: RecordFilter) => void }) {
  const { t } = useTranslation("records");
  const choices = [
    { id: ANY, label: t("anyDisposition") },
    ...DISPOSITIONS.map((id) => ({ id, label: t(`dispositions.${id}`) })),
  ];
  return (
    <div className={table.toolbar}>
      <div className={table.grow}>
        <SearchField
          label={t("search")}
          value={filter.q}
          onChange={(q) => onChange({ ...filter, q })}
          data-testid="screen-search"
        />
      </div>
      <TextField label={t("from")} type="date" value={filter.from} onChange={(from) => onChange({ ...filter, from })} />
      <TextField label={t("to")} type="date" value={filter.to} onChange={(to) => onChange({ ...filter, to })} />
      <SelectField
        label={t("disposition")}
        choices={choices}
        value={filter.disposition || ANY}
        onChange={(id) => onChange({ ...filter, disposition: id === ANY ? "" : (id as Disposition) })}
      />
    </div>
  );
}
