import "./globals.css";
import type { Metadata } from "next";
import { connection } from "next/server";
import type { ReactNode } from "react";
import { AppProvider } from "../shell/context";
import { Header } from "../shell/header";
import { languageOfRequest } from "../shell/language";
import { settings } from "../shell/settings";
import { WORDS } from "../shell/words";

export async function generateMetadata(): Promise<Metadata> {
  return { title: WORDS[await languageOfRequest()].brand };
}

/** Every page is made when it is asked for: its scripts carry that response's nonce. */
export default async function Layout({ children }: { children: ReactNode }) {
  await connection();
  const language = await languageOfRequest();
  return (
    <html lang={language}>
      <body>
        <AppProvider settings={settings()} language={language}>
          <a className="skip" href="#content">
            {WORDS[language].skip}
          </a>
          <Header />
          <main id="content">{children}</main>
        </AppProvider>
      </body>
    </html>
  );
}
