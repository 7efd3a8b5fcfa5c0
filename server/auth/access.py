"""All that decides who is let in, as the settings have it."""

from dataclasses import dataclass

from server.auth.backend import Backend
from server.auth.door import Keeper
from server.auth.quota import Quota
from server.auth.secret import Secret, secrets_in
from server.auth.tickets import Tickets
from server.auth.tokens import Tokens
from server.auth.user import User
from server.settings import AuthSettings, Settings, SettingsError


@dataclass(frozen=True)
class Access:
    """Who is let in (`keeper`), and what each may have (`quota`)."""

    keeper: Keeper
    quota: Quota
    tickets: Tickets | None
    tokens: Tokens | None

    def ticket(self, run_id: str, user: User) -> str | None:
        """What opens a run where no header can be sent; None where nobody is asked who they are."""
        return self.tickets.issue(run_id, user) if self.tickets else None

    async def open(self) -> None:
        """Begins to fetch what is needed. Never fails: what is missing is missed when somebody asks."""
        if self.tokens:
            await self.tokens.open()

    async def close(self) -> None:
        """Nobody is let in any more."""
        await self.quota.close()
        if self.tokens:
            await self.tokens.close()


def access_of(settings: Settings, kept_s: float, redis_url: str | None) -> Access:
    """As the settings have it. `SettingsError` if a secret is missing, or could be guessed.

    `kept_s`: seconds for which a run can be asked after, from its beginning. `redis_url`: what all processes share.
    """
    quota = Quota(settings.limits, redis_url, settings.runs.prefix)
    auth = settings.auth
    secret = Secret(_secrets(auth, alone=settings.workers == 1 and redis_url is None))
    if not auth.on:
        return Access(Keeper(None, None, None, secret), quota, None, None)
    tickets = Tickets(secret, auth.ticket_s, kept_s)
    tokens = Tokens(auth.jwt) if auth.jwt else None
    return Access(Keeper(tokens, _backend(auth), tickets, secret), quota, tickets, tokens)


def _secrets(auth: AuthSettings, *, alone: bool) -> list[str]:
    found = secrets_in(auth.secret_env, "the secret that signs tickets")
    if auth.on and not found and not alone:
        raise SettingsError(
            f"{auth.secret_env} is missing: the secret that signs tickets and cookies, the same for all processes, "
            "since one of them lets in by what another has signed. openssl rand -hex 32 makes one."
        )
    return found


def _backend(auth: AuthSettings) -> Backend | None:
    if auth.key_env is None:
        return None
    keys = secrets_in(auth.key_env, "the backend's key")
    if not keys:
        raise SettingsError(f"auth.key_env is {auth.key_env}, which is not set: the key that the backend shows")
    return Backend(keys, auth.user_header)
