"""Pages in Chromium, driven over its debugging pipe: console, requests, keys, sizes, pictures. Nothing but the standard library."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import time
from pathlib import Path
from typing import Dict, Iterator, List, Optional

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
KEYS = {'Tab': 9, 'Enter': 13, 'Escape': 27, ' ': 32, 'End': 35, 'Home': 36, 'ArrowLeft': 37, 'ArrowUp': 38, 'ArrowRight': 39,
        'ArrowDown': 40}
LIMIT = 120.
"""Seconds for one answer."""


class Browser:
    """One page.

    Args:
        out: file descriptor that commands are written to. back: that answers and events are read from.
    """

    def __init__(self, out: int, back: int) -> None:
        self.out, self.back, self.buffer, self.number, self.session = out, back, b'', 0, None
        self.events: List[Dict] = []

    def send(self, method: str, **parameters) -> Dict:
        """The answer to a command; events that come before it are kept."""
        self.number += 1
        message = dict(id=self.number, method=method, params=parameters, **({'sessionId': self.session} if self.session else {}))
        os.write(self.out, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._receive()
            if answer.get('id') == self.number:
                assert 'error' not in answer, (method, answer['error'])
                return answer['result']
            self.events.append(answer)

    def _receive(self) -> Dict:
        end = time.monotonic() + LIMIT
        while b'\0' not in self.buffer:
            ready, _, _ = select.select([self.back], [], [], max(end - time.monotonic(), 0))
            assert ready, f'Chromium does not answer within {LIMIT:g} seconds'
            more = os.read(self.back, 1 << 20)
            assert more, 'Chromium ended'
            self.buffer += more
        message, _, self.buffer = self.buffer.partition(b'\0')
        return json.loads(message)

    def open(self, path: Path, *, width: int = 1400, height: int = 900, dark: bool = False, still: bool = False) -> None:
        """Show a file and wait until it is drawn."""
        if self.session is None:
            target = self.send('Target.createTarget', url='about:blank')['targetId']
            self.session = self.send('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
            for domain in ('Page', 'Runtime', 'Log', 'Network'):
                self.send(f'{domain}.enable')
        self.events.clear()
        self.resize(width, height)
        features = [dict(name='prefers-color-scheme', value='dark' if dark else 'light'),
                    dict(name='prefers-reduced-motion', value='reduce' if still else 'no-preference')]
        self.send('Emulation.setEmulatedMedia', features=features)
        self.send('Page.navigate', url=Path(path).resolve().as_uri())
        end = time.monotonic() + LIMIT
        while not any(event.get('method') == 'Page.loadEventFired' for event in self.events):
            assert time.monotonic() < end, f'{path} is not loaded'
            self.events.append(self._receive())
        self.settle()

    def settle(self) -> None:
        """Wait for two frames to be drawn."""
        self.run('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))')

    def resize(self, width: int, height: int = 900) -> None:
        self.send('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=False)

    def run(self, expression: str):
        """The value of an expression; promises are waited for."""
        result = self.send('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        assert 'exceptionDetails' not in result, result['exceptionDetails']
        return result['result'].get('value')

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key, or type a character."""
        text = {'Enter': '\r'}.get(key, key if len(key) == 1 else '')
        common = dict(key=key, code='Space' if key == ' ' else key, windowsVirtualKeyCode=KEYS.get(key, 0), modifiers=8 if shift else 0)
        self.send('Input.dispatchKeyEvent', type='keyDown', **common, **({'text': text} if text else {}))
        self.send('Input.dispatchKeyEvent', type='keyUp', **common)

    def messages(self) -> List[str]:
        """What the page said on the console, exceptions and refused loads with it."""
        known = {'Runtime.consoleAPICalled': lambda each: str(each['args']), 'Log.entryAdded': lambda each: each['entry']['text'],
                 'Runtime.exceptionThrown': lambda each: str(each['exceptionDetails'])}
        return [known[event['method']](event['params']) for event in self.events if event.get('method') in known]

    def requests(self) -> List[str]:
        """What the page asked for, itself among them."""
        return [event['params']['request']['url'] for event in self.events if event.get('method') == 'Network.requestWillBeSent']

    def picture(self, path, *, whole: bool = True) -> None:
        """A PNG of the page."""
        data = self.send('Page.captureScreenshot', format='png', captureBeyondViewport=whole)['data']
        Path(path).write_bytes(base64.b64decode(data))


def end_process(process: int) -> None:
    """Wait for a process of ours; one that does not end is ended."""
    for _ in range(100):
        if os.waitpid(process, os.WNOHANG)[0]:
            return
        time.sleep(0.1)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


@contextlib.contextmanager
def browser(folder: Path, executable: Optional[str] = CHROMIUM) -> Iterator[Browser]:
    """A Chromium without windows, whose profile lies in ``folder``; skips the test where there is none."""
    if executable is None:
        pytest.skip('Chromium is not installed')
    (read, out), (back, write) = os.pipe(), os.pipe()
    far = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (read, write)]  # 3 and 4 are the numbers that Chromium knows
    command = [executable, '--headless', '--no-sandbox', '--remote-debugging-pipe', '--disable-gpu', '--no-first-run',
               '--disable-extensions', '--disable-background-networking', '--hide-scrollbars', f'--user-data-dir={folder}/chromium']
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    pipes = [(os.POSIX_SPAWN_DUP2, end, number) for end, number in zip(far, (3, 4))]
    process = os.posix_spawn(executable, command, os.environ, file_actions=[*silent, *pipes])
    for each in (read, write, *far):
        os.close(each)
    try:
        yield Browser(out, back)
    finally:
        os.close(out)  # whereupon it ends by itself
        os.close(back)
        end_process(process)
