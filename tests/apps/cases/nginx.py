# SPDX-License-Identifier: MIT
"""nginx inside, wrk and a plain HTTP client on the host."""

import hashlib
import http.client
import random
import re
import signal

from harness import Root, case, client, expect, expect_equal, free_port

FILES = {f'/srv/{size}': random.Random(size).randbytes(size) for size in (0, 1, 4096, 1_000_000)}

CONFIGURATION = '''\
daemon off;
master_process off;
error_log stderr warn;
pid /tmp/nginx.pid;
events { worker_connections 512; }
http {
    access_log /tmp/access.log;
    client_body_temp_path /tmp/body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    sendfile %(sendfile)s;
    tcp_nopush on;
    gzip on;
    gzip_types text/plain;
    server {
        listen 127.0.0.1:%(port)d;
        root /srv;
        default_type text/plain;
        location /text { return 200 "hello from nginx\\n"; }
        location /again { proxy_pass http://127.0.0.1:%(port)d/4096; }
    }
}
'''


def fetch(port, path, **headers):
    """GET a path.  Returns (status, body, headers)."""
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
    connection.request('GET', path, headers=headers)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, body, reply.headers


def load(port, path, seconds, connections):
    """Put wrk to it; no error of any kind is allowed.  Returns requests per second."""
    text = client('wrk', '-t', '2', '-c', str(connections), '-d', f'{seconds}s', '--timeout', '10s',
                  f'http://127.0.0.1:{port}{path}', timeout=seconds + 30)
    expect('Non-2xx' not in text and 'Socket errors' not in text, text)
    rate = re.search(r'^Requests/sec:\s+([\d.]+)', text, re.MULTILINE)
    expect(rate and float(rate[1]) > 0, text)
    return float(rate[1])


def serve(machine, seconds, connections, sendfile):
    """Start, compare content, load, and end gracefully."""
    port = free_port()
    configuration = CONFIGURATION % {'port': port, 'sendfile': sendfile}
    root = Root('nginx', ['nginx'], {**FILES, '/etc/nginx/suite.conf': configuration.encode()})
    server = machine.start(root, '/usr/sbin/nginx', '-c', '/etc/nginx/suite.conf')
    server.wait_for_port(port)
    for path, content in FILES.items():
        status, body, _ = fetch(port, path.removeprefix('/srv'))
        expect_equal(f'status of {path}', status, 200)
        expect_equal(f'digest of {path}', hashlib.sha256(body).digest(),
                     hashlib.sha256(content).digest())
    expect_equal('range', fetch(port, '/4096', Range='bytes=100-199')[:2],
                 (206, FILES['/srv/4096'][100:200]))
    expect_equal('gzip', fetch(port, '/4096', **{'Accept-Encoding': 'gzip'})[2]['Content-Encoding'],
                 'gzip')
    expect_equal('proxy to itself', fetch(port, '/again')[1], FILES['/srv/4096'])
    expect_equal('missing', fetch(port, '/missing')[0], 404)
    for path in ('/text', '/4096', '/1000000'):
        machine.note(f'{path[1:]} {load(port, path, seconds, connections):.0f}/s')
    expect_equal('status after SIGQUIT', server.stop(signal.SIGQUIT), 0)


@case('nginx', 'files, ranges, gzip, proxy, sendfile, wrk with 16 connections, graceful end')
def nginx(machine):
    """A few seconds of load."""
    serve(machine, 2, 16, 'on')


@case('nginx-long', 'the same without sendfile, wrk with 256 connections for 30 s', long=True)
def nginx_long(machine):
    """Longer, wider, and by read and writev."""
    serve(machine, 10, 256, 'off')
