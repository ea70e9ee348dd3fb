/** The list of extensions, and the panels that open over it. */
import { CopyPlus, PhoneForwarded, Plus, SearchX } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMatch, useNavigate, useParams } from "react-router";
import { Button } from "../ui/button";
import { SearchField } from "../ui/fields";
import { Card, Page } from "../ui/page";
import { Empty, Failed, Skeleton } from "../ui/states";
import table from "../ui/table.module.css";
import { BulkPanel } from "./bulk-panel";
import { CreatePanel } from "./create-panel";
import { EditPanel } from "./edit-panel";
import { ExtensionTable, type Sort } from "./extension-table";
import { useExtensions } from "./queries";

export default function ExtensionsScreen() {
  const { t } = useTranslation("extensions");
  const { t: common } = useTranslation();
  const navigate = useNavigate();
  const { number } = useParams();
  const isNew = useMatch("/extensions/new") !== null;
  const isBulk = useMatch("/extensions/bulk") !== null;
  const [text, setText] = useState("");
  const [sort, setSort] = useState<Sort>({ by: "number", isDescending: false });
  const q = useDeferredValue(text.trim());
  // The server lists by number; any other order needs the whole list here.
  const isWhole = sort.by !== "number" || sort.isDescending;
  const found = useExtensions(q, isWhole);
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const total = found.data?.pages[0]?.total ?? 0;
  if (isWhole && found.hasNextPage && !found.isFetchingNextPage) void found.fetchNextPage();
  const close = () => navigate("/extensions");
  return (
    <Page
      title={t("title")}
      summary={found.isSuccess && t("summary", { count: total })}
      actions={
        <>
          <Button icon={<CopyPlus aria-hidden />} onPress={() => navigate("/extensions/bulk")} data-testid="bulk">
            {t("bulk")}
          </Button>
          <Button
            variant="primary"
            icon={<Plus aria-hidden />}
            onPress={() => navigate("/extensions/new")}
            data-testid="new-extension"
          >
            {t("new")}
          </Button>
        </>
      }
    >
      <Card>
        <div className={table.toolbar}>
          <div className={table.grow}>
            <SearchField label={t("search")} value={text} onChange={setText} data-testid="screen-search" />
          </div>
        </div>
        {found.isPending && <Skeleton />}
        {found.isError && <Failed error={found.error} onRetry={() => found.refetch()} />}
        {found.isSuccess && total === 0 && (q ? <NoMatch q={q} /> : <None />)}
        {items.length > 0 && <ExtensionTable items={items} sort={sort} onSort={setSort} />}
        {items.length > 0 && found.hasNextPage && (
          <div className={table.more}>
            {common("shown", { shown: items.length, total })}
            <Button isPending={found.isFetchingNextPage} onPress={() => found.fetchNextPage()}>
              {common("loadMore")}
            </Button>
          </div>
        )}
      </Card>
      {isNew && <CreatePanel onClose={close} />}
      {isBulk && <BulkPanel onClose={close} />}
      {number && !isNew && !isBulk && <EditPanel key={number} number={number} onClose={close} />}
    </Page>
  );
}

function None() {
  const { t } = useTranslation("extensions");
  const navigate = useNavigate();
  return (
    <Empty
      icon={<PhoneForwarded />}
      title={t("empty.title")}
      action={
        <Button variant="primary" onPress={() => navigate("/extensions/new")}>
          {t("new")}
        </Button>
      }
    >
      {t("empty.text")}
    </Empty>
  );
}

function NoMatch({ q }: { q: string }) {
  const { t } = useTranslation("extensions");
  return (
    <Empty icon={<SearchX />} title={t("noMatch.title")}>
      {t("noMatch.text", { q })}
    </Empty>
  );
}
