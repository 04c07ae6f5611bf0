"""How a call is read out (语音叫号): figures one by one, as people say ticket numbers. Pure."""

DIGITS_ZH = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
TENS = 10


def number_spoken(number: int) -> str:
    """Say a number below one hundred as people say it (读数), larger ones figure by figure.

    >>> [number_spoken(n) for n in (3, 10, 12, 20, 35, 101)]
    ['三', '十', '十二', '二十', '三十五', '一零一']
    """
    if number >= TENS * TENS:
        return figures_spoken(str(number))
    tens, ones = divmod(number, TENS)
    head = "" if tens == 0 else "十" if tens == 1 else f"{DIGITS_ZH[str(tens)]}十"
    return head + (DIGITS_ZH[str(ones)] if ones or not tens else "")


def figures_spoken(text: str) -> str:
    """Say figures one by one and letters apart from them (逐字读出).

    >>> figures_spoken("A012"), figures_spoken("AB3")
    ('A 零一二', 'A B 三')
    """
    parts: list[str] = []
    for mark in text:
        said = DIGITS_ZH.get(mark, mark)
        if parts and mark.isdecimal() and parts[-1][-1] in DIGITS_ZH.values():
            parts[-1] += said
        else:
            parts.append(said)
    return " ".join(parts)


def call_spoken(label: str, window: str, language: str) -> str:
    """Return the sentence that calls a ticket to a window (叫号语).

    >>> call_spoken("A001", "12", "zh-hans")
    '请 A 零零一号，到十二号窗口。'
    >>> call_spoken("A010", "B2", "zh-hans")
    '请 A 零一零号，到 B 二号窗口。'
    >>> call_spoken("A001", "12", "en")
    'Ticket A 0 0 1, please come to window 12.'
    """
    if not language.startswith("zh"):
        place = window if window.isdecimal() else " ".join(window)
        return f"Ticket {' '.join(label)}, please come to window {place}."
    place = number_spoken(int(window)) if window.isdecimal() else f" {figures_spoken(window)}"
    return f"请 {figures_spoken(label)}号，到{place}号窗口。"
