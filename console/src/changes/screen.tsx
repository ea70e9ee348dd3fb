/** The history of the configuration. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { History, SearchX } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import { query, request } from "../api/client";
import type { ChangeSummary, Page as PageOf } from "../api/types";
import { Button } from "../ui/button";
import { SearchField } from "../ui/fields";
import { Card, Page } from "../ui/page";
import { Badge, Empty, Failed, Skeleton } from "../ui/states";
import table from "../ui/table.module.css";
import { dayAndTime } from "../ui/time";
import { ChangePanel } from "./change-panel";

const PAGE = 50;

export default function ChangesScreen() {
  const { t } = useTranslation("changes");
  const { t: common } = useTranslation();
  const navigate = useNavigate();
  const { id } = useParams();
  const [text, setText] = useState("");
  const q = useDeferredValue(text.trim());
  const found = useInfiniteQuery({
    queryKey: ["changes", "list", q],
    queryFn: ({ pageParam, signal }) =>
      request<PageOf<ChangeSummary>>("GET", `/changes${query({ q, limit: PAGE, cursor: pageParam })}`, { signal }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const total = found.data?.pages[0]?.total ?? 0;
  return (
    <Page title={t("title")} summary={t("summary")}>
      <Card>
        <div className={table.toolbar}>
          <div className={table.grow}>
            <SearchField label={t("search")} value={text} onChange={setText} data-testid="screen-search" />
          </div>
        </div>
        {found.isPending && <Skeleton />}
        {found.isError && <Failed error={found.error} onRetry={() => found.refetch()} />}
        {found.isSuccess && total === 0 && (
          <Empty icon={q ? <SearchX /> : <History />} title={q ? t("noMatch.title") : t("empty.title")}>
            {q ? t("noMatch.text", { q }) : t("empty.text")}
          </Empty>
        )}
        {items.length > 0 && <ChangeTable items={items} />}
        {items.length > 0 && found.hasNextPage && (
          <div className={table.more}>
            {common("shown", { shown: items.length, total })}
            <Button isPending={found.isFetchingNextPage} onPress={() => found.fetchNextPage()}>
              {common("loadMore")}
            </Button>
          </div>
        )}
      </Card>
      {id && <ChangePanel key={id} id={id} onClose={() => navigate("/changes")} />}
    </Page>
  );
}

function ChangeTable({ items }: { items: readonly ChangeSummary[] }) {
  const { t } = useTranslation("changes");
  const navigate = useNavigate();
  return (
    <div className={table.scroll}>
      <table className={table.table} data-testid="changes">
        <thead>
          <tr>
            <th scope="col">{t("column.title")}</th>
            <th scope="col">{t("column.author")}</th>
            <th scope="col">{t("column.at")}</th>
            <th scope="col" className={`${table.end} ${table.optional}`}>
              {t("column.size")}
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((change) => (
            <tr key={change.id} className={table.row} onClick={() => navigate(`/changes/${change.id}`)}>
              <td>
                <Link to={`/changes/${change.id}`} className={table.link} onClick={(event) => event.stopPropagation()}>
                  {change.title}
                </Link>{" "}
                {change.undoes !== null && <Badge tone="plain">{t("undoes", { id: change.undoes })}</Badge>}
              </td>
              <td>{change.author}</td>
              <td className={table.nowrap}>{dayAndTime(change.at)}</td>
              <td className={`numeric ${table.end} ${table.optional}`}>{change.size}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
