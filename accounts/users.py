"""Making users: an email address is the name that a person logs in with, always in lower case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import BaseUserManager

if TYPE_CHECKING:
    from accounts.models import User


class UserManager(BaseUserManager["User"]):
    use_in_migrations = False

    def create_user(self, email: str, password: str | None = None, name: str = "") -> User:
        user = self.model(email=normalised_email(email), name=name)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, name: str = "") -> User:
        user = self.create_user(email, password, name)
        user.is_staff = user.is_superuser = True
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=normalised_email(username or ""))


def normalised_email(email: str) -> str:
    return email.strip().lower()
