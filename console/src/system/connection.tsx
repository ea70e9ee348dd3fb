/** What to type into a phone, and what to dial to try it. */
import { useTranslation } from "react-i18next";
import { useConnection } from "../extensions/queries";
import { Copyable } from "../ui/copyable";
import { Card, Facts } from "../ui/page";
import { Failed, Skeleton } from "../ui/states";
import table from "../ui/table.module.css";

export function ConnectionCard() {
  const { t } = useTranslation("system");
  const read = useConnection();
  return (
    <Card title={t("connect.title")}>
      {read.isPending && <Skeleton rows={4} />}
      {read.isError && <Failed error={read.error} onRetry={() => read.refetch()} />}
      {read.data && (
        <Facts
          facts={[
            {
              term: t("connect.server"),
              value: <Copyable value={read.data.sip.host} label={t("connect.server")} />,
            },
            { term: t("connect.ports"), value: t("connect.portsValue", read.data.sip) },
            { term: t("connect.realm"), value: <code>{read.data.realm}</code> },
            { term: t("connect.browser"), value: <code>{read.data.wss_url}</code> },
            {
              term: t("connect.certificate"),
              value: <a href="/install-certificate">{t("connect.certificateLink")}</a>,
            },
            { term: t("api.title"), value: <a href="/api/v1/docs">{t("api.link")}</a> },
          ]}
        />
      )}
    </Card>
  );
}

export function DialCard() {
  const { t } = useTranslation("system");
  const { data } = useConnection();
  if (!data?.dial.length) return null;
  return (
    <Card title={t("dial.title")}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{t("dial.number")}</th>
            <th scope="col">{t("dial.what")}</th>
          </tr>
        </thead>
        <tbody>
          {data.dial.map(({ number, what }) => (
            <tr key={number}>
              <td className="numeric">
                <strong>{number}</strong>
              </td>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
