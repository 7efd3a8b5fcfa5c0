"use client";
// What every component may ask for: the app's words, and how it is set up.

import { createContext, type ReactNode, useContext } from "react";
import type { Settings } from "./settings";
import { type Language, WORDS, type Words } from "./words";

interface App {
  readonly settings: Settings;
  readonly language: Language;
}

const AppContext = createContext<App | undefined>(undefined);

export function AppProvider({ children, ...app }: App & { children: ReactNode }) {
  return <AppContext value={app}>{children}</AppContext>;
}

export function useApp(): App & { words: Words } {
  const app = useContext(AppContext);
  if (!app) throw new Error("There is no AppProvider above this component");
  return { ...app, words: WORDS[app.language] };
}
