"""Gives what APScheduler does in the cases on standard input, as JSON; see daylight-saving.ts."""

import json
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

MAX_STEPS = 600


def outcome(case):
    start = datetime.fromisoformat(case["from"].replace("Z", "+00:00"))
    end = datetime.fromisoformat(case["to"].replace("Z", "+00:00"))
    trigger = CronTrigger.from_crontab(case["expression"], timezone=ZoneInfo(case["zone"]))
    if "asked" in case:
        fire = trigger.get_next_fire_time(None, start.astimezone(ZoneInfo(case["zone"])))
        return {"fires": [fire.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")], "isStuck": False}
    fires, previous, now = [], None, start - timedelta(hours=12)
    for _ in range(MAX_STEPS):
        fire = trigger.get_next_fire_time(previous, now.astimezone(ZoneInfo(case["zone"])))
        if fire is None:
            return {"fires": fires, "isStuck": True}
        at = fire.astimezone(timezone.utc)
        if previous is not None and at <= previous.astimezone(timezone.utc):
            return {"fires": fires, "isStuck": True}
        if at >= end:
            return {"fires": fires, "isStuck": False}
        if at >= start:
            fires.append(at.isoformat().replace("+00:00", "Z"))
        previous, now = fire, at
    return {"fires": fires, "isStuck": True}


def shorten(result):
    """Keeps a few fire times and counts them all: of many, only the number is shown."""
    return {"count": len(result["fires"]), **result, "fires": result["fires"][:4]}


outcomes = [shorten(outcome(case)) for case in json.load(sys.stdin)]
print(json.dumps({"version": version("apscheduler"), "outcomes": outcomes}, indent=2))
