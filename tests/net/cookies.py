# SPDX-License-Identifier: GPL-2.0-or-later
"""Both ends of honest connections, for cookies_test.sh:

cookies.py serve PORT BACKLOG              echoes what it gets, IPv4 and IPv6
cookies.py connect ADDR PORT COUNT WAIT    that many connections, ten at a time, a word through each: how many came back
cookies.py steady ADDR PORT FILE           one connection, a word a hundredth of a second until FILE is there: "SENT BACK"
"""
import os
import selectors
import socket
import sys
import threading
import time


def serve(port, backlog):
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", int(port)))
    listener.listen(int(backlog))
    listener.setblocking(False)
    choose = selectors.DefaultSelector()
    choose.register(listener, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in choose.select():
            at = key.fileobj
            try:
                if at is listener:
                    one, _ = at.accept()
                    choose.register(one, selectors.EVENT_READ)
                    continue
                word = at.recv(4096)
                if word:
                    at.sendall(word)
            except OSError:
                word = b""
            if at is not listener and not word:
                choose.unregister(at)
                at.close()


def one(address, port, wait):
    try:
        with socket.create_connection((address, int(port)), timeout=float(wait)) as s:
            s.sendall(b"hello")
            return s.recv(5) == b"hello"
    except OSError:
        return False


def connect(address, port, count, wait):
    came, left, lock = [0], [int(count)], threading.Lock()

    def run():
        while True:
            with lock:
                if not left[0]:
                    return
                left[0] -= 1
            good = one(address, port, wait)
            with lock:
                came[0] += good

    threads = [threading.Thread(target=run) for _ in range(10)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(came[0])


def steady(address, port, path):
    sent = back = 0
    with socket.create_connection((address, int(port)), timeout=10) as s:
        print("ready", flush=True)
        while not os.path.exists(path):
            s.sendall(b"x" * 100)
            sent += 1
            got = b""
            while len(got) < 100:
                more = s.recv(100 - len(got))
                if not more:
                    break
                got += more
            back += len(got) == 100
            time.sleep(0.01)
    print(sent, back, flush=True)


globals()[sys.argv[1]](*sys.argv[2:])
