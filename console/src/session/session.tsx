/** Who is signed in. The cookie is the server's affair; this holds the user and passes on the CSRF token. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { request, setCsrfToken, whenSignedOut } from "../api/client";
import { ApiError } from "../api/problem";
import type { Session, User } from "../api/types";
import SignIn from "../signin/screen";
import { Failed } from "../ui/states";
import { toast } from "../ui/toasts";

interface SignedIn {
  user: User;
  signOut: () => Promise<void>;
  refresh: () => Promise<unknown>;
}

const SessionContext = createContext<SignedIn | null>(null);

export function useSession(): SignedIn {
  const session = useContext(SessionContext);
  if (!session) throw new Error("the session is used outside of its gate");
  return session;
}

const KEY = ["session"];

async function load(): Promise<Session | null> {
  try {
    const session = await request<Session>("GET", "/session");
    setCsrfToken(session.csrf_token);
    return session;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Shows its children to who is signed in, and the sign-in screen to everybody else. */
export function SessionGate({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const session = useQuery({ queryKey: KEY, queryFn: load, staleTime: Number.POSITIVE_INFINITY, retry: 1 });

  const forget = useCallback(() => {
    setCsrfToken("");
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
    client.setQueryData(KEY, null);
  }, [client]);

  useEffect(() => {
    whenSignedOut(() => {
      if (client.getQueryData(KEY)) toast(t("sessionEnded"), "warn");
      forget();
    });
  }, [client, forget, t]);

  const user = session.data?.user;
  const value = useMemo(
    () =>
      user && {
        user,
        signOut: async () => {
          await request("DELETE", "/session").finally(forget);
        },
        refresh: () => client.invalidateQueries({ queryKey: KEY }),
      },
    [user, forget, client],
  );

  if (session.isError) return <Failed error={session.error} onRetry={() => session.refetch()} />;
  if (session.isPending) return null;
  if (!value) {
    return (
      <SignIn
        onSignedIn={(signedIn) => {
          setCsrfToken(signedIn.csrf_token);
          client.setQueryData(KEY, signedIn);
        }}
      />
    );
  }
  return <SessionContext.Provider value={value}>{children}</SessionContext.Provider>;
}
