/** The one board of this page, and the hooks through which components watch their part of it. */
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from "react";
import { BoardConnection, type LinkState, type Socket } from "./connection";
import type { Line } from "./model";
import { BoardStore } from "./store";

interface Board {
  store: BoardStore;
  connection: BoardConnection;
}

const BoardContext = createContext<Board | null>(null);

/** Tiles change at once, each by itself; lists and counts, which are built from the whole board, ten times a second. */
const LISTS_MS = 100;

function soon(run: () => void): void {
  setTimeout(run, LISTS_MS);
}

function openSocket(): Socket {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return new WebSocket(`${scheme}://${location.host}/api/v1/board`) as unknown as Socket;
}

function afterDelay(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}

export function BoardProvider({ children }: { children: ReactNode }) {
  const board = useMemo(() => {
    const store = new BoardStore(soon);
    return { store, connection: new BoardConnection(store, { open: openSocket, now: Date.now, after: afterDelay }) };
  }, []);
  useEffect(() => {
    board.connection.start();
    return () => board.connection.stop();
  }, [board]);
  return <BoardContext.Provider value={board}>{children}</BoardContext.Provider>;
}

export function useBoard(): Board {
  const board = useContext(BoardContext);
  if (!board) throw new Error("the board is used outside of its provider");
  return board;
}

export function useLine(key: string): Line | undefined {
  const { store } = useBoard();
  const subscribe = useCallback((listener: () => void) => store.subscribeLine(key, listener), [store, key]);
  return useSyncExternalStore(subscribe, () => store.line(key));
}

/** The whole board, rendered again at most every `LISTS_MS`. */
export function useWholeBoard(): BoardStore {
  const { store } = useBoard();
  const subscribe = useCallback((listener: () => void) => store.subscribeAll(listener), [store]);
  useSyncExternalStore(subscribe, () => store.version);
  return store;
}

/** A number that changes with the board, but at most every `everyMs`: for what would jump under the pointer. */
export function useCalmVersion(everyMs: number): number {
  const { store } = useBoard();
  const calm = useMemo(() => calmly(store, everyMs), [store, everyMs]);
  return useSyncExternalStore(calm.subscribe, calm.read);
}

function calmly(store: BoardStore, everyMs: number) {
  let version = store.version;
  const subscribe = (listener: () => void) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      timer = undefined;
      version = store.version;
      listener();
    };
    const unsubscribe = store.subscribeAll(() => {
      timer ??= setTimeout(tell, everyMs);
    });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  };
  return { subscribe, read: () => version };
}

export function useLinkState(): LinkState {
  const { connection } = useBoard();
  const subscribe = useCallback((listener: () => void) => connection.subscribe(listener), [connection]);
  return useSyncExternalStore(subscribe, () => connection.state);
}
