// Who asks. The place to put a product's sign-in.

import type { HeadersFor } from "moim-stream";

/**
 * The user's access token, or undefined where the AI server asks for none. It is asked for before every request, so keep it; with
 * `isRefused` the one that was given does not let in any more: sign in again, which may take as long as it likes.
 */
export type GetAccessToken = (asked: { isRefused: boolean }) => Promise<string | undefined>;

const getAccessToken: GetAccessToken = async () => undefined;

export const accessHeaders: HeadersFor = async ({ refused }) => {
  const token = await getAccessToken({ isRefused: refused !== undefined });
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
};
