"""What the tests of identity share: one moment, one password, one key."""

from datetime import UTC, date, datetime

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
PASSWORD = "粉墙黛瓦 枕河人家 1986"  # noqa: S105
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105
