"use client";
// The bar at the top of every page.

import Link from "next/link";
import { useRouter } from "next/navigation";
import { useApp } from "./context";
import styles from "./header.module.css";

export function Header() {
  const { words, language } = useApp();
  const router = useRouter();
  const other = language === "ko" ? "en" : "ko";

  /** The server's part comes in the other language; what goes on in the page goes on. */
  function change() {
    // biome-ignore lint/suspicious/noDocumentCookie: CookieStore is not everywhere yet
    document.cookie = `language=${other}; path=/; max-age=31536000; samesite=lax`;
    router.refresh();
  }

  return (
    <header className={styles.header}>
      <Link className={styles.brand} href="/">
        {words.brand}
      </Link>
      <Link className={styles.link} href="/meetings/new">
        {words.home.create}
      </Link>
      <button className={styles.language} type="button" lang={other} onClick={change}>
        {words.otherLanguage}
      </button>
    </header>
  );
}
