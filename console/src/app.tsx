/** The screens and their addresses; each screen is loaded when it is first opened. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy } from "react";
import { RouterProvider as AriaRouter } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { createBrowserRouter, Outlet, RouterProvider, useHref, useNavigate } from "react-router";
import { ApiError } from "./api/problem";
import { BoardProvider } from "./board/context";
import BoardScreen from "./board/screen";
import { SessionGate } from "./session/session";
import { Shell } from "./shell/shell";
import { PhoneProvider } from "./softphone/context";
import { Button } from "./ui/button";
import { Page } from "./ui/page";
import { Empty } from "./ui/states";
import { Toasts } from "./ui/toasts";

const Extensions = lazy(() => import("./extensions/list-screen"));
const Records = lazy(() => import("./callrecords/list-screen"));
const LadderScreen = lazy(() => import("./ladder/screen"));
const Changes = lazy(() => import("./changes/screen"));
const System = lazy(() => import("./system/screen"));

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the server refuses it will refuse again; only a lost connection is worth another try.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status < 500),
    },
  },
});

function Root() {
  const navigate = useNavigate();
  return (
    <AriaRouter navigate={navigate} useHref={useHref}>
      <SessionGate>
        <BoardProvider>
          <PhoneProvider>
            <Outlet />
          </PhoneProvider>
        </BoardProvider>
      </SessionGate>
      <Toasts />
    </AriaRouter>
  );
}

function NotFound() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (
    <Page title={t("lost.title")}>
      <p>{t("lost.text")}</p>
      <p>
        <Button onPress={() => navigate("/")}>{t("lost.action")}</Button>
      </p>
    </Page>
  );
}

function Crashed() {
  const { t } = useTranslation();
  return (
    <Empty title={t("error.title")} action={<Button onPress={() => location.reload()}>{t("error.reload")}</Button>}>
      {t("error.unknown")}
    </Empty>
  );
}

const router = createBrowserRouter([
  {
    element: <Root />,
    errorElement: <Crashed />,
    children: [
      {
        element: <Shell />,
        children: [
          { path: "/", element: <BoardScreen /> },
          { path: "/extensions", element: <Extensions /> },
          { path: "/extensions/:number", element: <Extensions /> },
          { path: "/call-records", element: <Records /> },
          { path: "/call-records/:callId", element: <Records /> },
          { path: "/calls/:callId", element: <LadderScreen /> },
          { path: "/changes", element: <Changes /> },
          { path: "/changes/:id", element: <Changes /> },
          { path: "/system", element: <System /> },
          { path: "*", element: <NotFound /> },
        ],
      },
    ],
  },
]);

export function App() {
  return (
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}
