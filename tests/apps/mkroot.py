#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make a root file system from Debian packages.

    tests/apps/mkroot.py [--cache DIR] [--force] ROOT PACKAGE...

ROOT gets the files of the packages and of all they depend on, in Debian's merged-usr layout.  The
files of a package that is installed on this machine are copied from there; any other is downloaded
with apt-get into the cache and unpacked.  Neither root nor a network is needed when everything is
installed.  No maintainer script runs; what those of a plain program would have left behind is made
here: alternatives (parsed from the scripts), compiled Python modules, ld.so.cache, passwd and group,
and the empty directories of a fresh system.  Documentation, manuals and translations are left out.

A stamp beside ROOT names the packages with their versions; while it still matches, nothing is done.
"""

import argparse
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys

# Needed to install, configure or start a package, but not by the programs in it.
INSTALLATION_ONLY = {
    'adduser', 'debconf', 'debconf-2.0', 'dpkg', 'init-system-helpers', 'iproute2', 'lsb-base',
    'mime-support', 'media-types', 'net-tools', 'nginx-common', 'sysvinit-utils', 'ucf',
}

LEFT_OUT = re.compile(r'/usr/share/(doc|doc-base|man|info|locale|lintian|bug|bash-completion|'
                      r'menu|applications|pixmaps)(/|$)')

MERGED = {name: f'usr/{name}' for name in ('bin', 'sbin', 'lib', 'lib64')}

DIRECTORIES = {
    'dev': 0o755, 'etc': 0o755, 'home': 0o755, 'mnt': 0o755, 'proc': 0o755, 'root': 0o700,
    'run': 0o755, 'sys': 0o755, 'tmp': 0o1777, 'usr/bin': 0o755, 'usr/sbin': 0o755,
    'usr/lib': 0o755, 'usr/lib64': 0o755, 'usr/local/bin': 0o755, 'var/lib': 0o755,
    'var/log': 0o755, 'var/tmp': 0o1777,
}

FILES = {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n'
                  'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n'
                  'www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n'
                  'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
    'etc/group': 'root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nnogroup:x:65534:\n',
    'etc/hosts': '127.0.0.1 localhost\n::1 localhost ip6-localhost\n',
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n'
                         'services: files\nprotocols: files\n',
    'etc/debian_version': '12\n',
}

# What a maintainer script writes with its own hands, by package.
WRITTEN_BY_SCRIPTS = {
    'libpython3.11-minimal':
        {'etc/python3.11/sitecustomize.py': '# Empty sitecustomize.py to avoid a dangling symlink\n'},
}


class RootError(Exception):
    """A root file system cannot be made; the text says why."""


def output_of(*argv):
    """Standard output of a command; RootError if it fails."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise RootError(f'{" ".join(argv)}: {done.stderr.decode(errors="replace").strip()}')
    return done.stdout.decode()


class Packages:
    """What dpkg has installed and apt can offer, and how one depends on another."""

    def __init__(self, cache):
        self.cache = cache
        self.installed = {}
        self.offered = {}
        listing = output_of('dpkg-query', '-W', '-f', '${db:Status-Status}\t${Package}\t${Version}'
                            '\t${Pre-Depends}, ${Depends}\t${Provides}\n')
        self.providers = {}
        for line in listing.splitlines():
            status, name, version, depends, provides = line.split('\t')
            if status != 'installed':
                continue
            self.installed[name] = (version, depends)
            for provided in provides.split(','):
                self.providers.setdefault(bare_name(provided), name)

    def look_up(self, name):
        """(version, dependencies) of an installed or an offered package, or None."""
        if name in self.installed:
            return self.installed[name]
        if name not in self.offered:
            shown = subprocess.run(['apt-cache', 'show', '--no-all-versions', name], check=False,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
            fields = dict(line.split(': ', 1) for line in shown.decode().splitlines()
                          if re.match(r'[A-Z][A-Za-z-]*: ', line))
            depends = ', '.join(fields[f] for f in ('Pre-Depends', 'Depends') if f in fields)
            self.offered[name] = (fields['Version'], depends) if 'Version' in fields else None
        return self.offered[name]

    def choose(self, alternatives):
        """One name of "a | b | c": an installed one, else the first there is, else None."""
        names = [bare_name(a) for a in alternatives.split('|')]
        for name in names:
            if name in INSTALLATION_ONLY or name in self.installed:
                return name
            if name in self.providers:
                return self.providers[name]
        return next((name for name in names if self.look_up(name)), None)

    def closure(self, names):
        """The packages and everything they depend on, sorted, as {name: version}."""
        found = {}
        todo = list(names)
        while todo:
            name = todo.pop()
            if name in found or name in INSTALLATION_ONLY:
                continue
            known = self.look_up(name)
            if not known:
                raise RootError(f'no such package: {name} (are the package lists there? '
                                'apt-get update)')
            found[name] = known[0]
            for alternatives in filter(None, map(str.strip, known[1].split(','))):
                chosen = self.choose(alternatives)
                if not chosen:
                    raise RootError(f'{name} depends on {alternatives}, which nothing provides')
                todo.append(chosen)
        return dict(sorted(found.items()))

    def installed_files(self, name):
        """The files of an installed package, or None if it is not installed.

        None as well if one may not be read (a server's configuration, without root): then the
        package has to be downloaded."""
        if name not in self.installed:
            return None
        paths = [path for path in output_of('dpkg-query', '-L', name).splitlines()
                 if path.startswith('/') and path != '/.' and not LEFT_OUT.match(path)]
        return None if any(map(is_hidden, paths)) else paths

    def archive(self, name):
        """The path of the package's .deb in the cache, downloaded if it is not there."""
        version = self.look_up(name)[0]
        prefix = f'{name}_{version.replace(":", "%3a")}_'
        os.makedirs(self.cache, exist_ok=True)
        for attempt in range(2):
            for entry in os.listdir(self.cache):
                if entry.startswith(prefix) and entry.endswith('.deb'):
                    return os.path.join(self.cache, entry)
            if attempt == 0:
                subprocess.run(['apt-get', 'download', f'{name}={version}'], cwd=self.cache,
                               stdout=subprocess.DEVNULL, check=False)
        raise RootError(f'cannot download {name}={version}')


def is_hidden(path):
    """Whether something is there that may not be read."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
    return os.path.isfile(path) and not os.access(path, os.R_OK)


def bare_name(dependency):
    """The name in "name:arch (>= version)"."""
    return re.split(r'[ :(]', dependency.strip(), maxsplit=1)[0]


class Root:
    """The root file system while it is being made."""

    def __init__(self, path, packages):
        self.path = path
        self.packages = packages
        self.links = {}                          # (device, inode) on the host -> path in the root

    def inside(self, path):
        """Where /path of the merged-usr system lies on the host."""
        first, _, rest = path.lstrip('/').partition('/')
        if rest and first in MERGED:
            return os.path.join(self.path, MERGED[first], rest)
        return os.path.join(self.path, path.lstrip('/'))

    def skeleton(self):
        """The directories and files that every root has."""
        for name, mode in DIRECTORIES.items():
            os.makedirs(self.inside(name), exist_ok=True)
            os.chmod(self.inside(name), mode)
        for name, target in MERGED.items():
            os.symlink(target, os.path.join(self.path, name))
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name, text):
        """A small text file, with the directories above it."""
        os.makedirs(os.path.dirname(self.inside(name)), exist_ok=True)
        with open(self.inside(name), 'w', encoding='utf-8') as file:
            file.write(text)

    def add(self, name):
        """The files of one package, its alternatives and what its scripts write."""
        paths = self.packages.installed_files(name)
        if paths is not None:
            for path in paths:
                self.copy(path)
            script = subprocess.run(['dpkg-query', '--control-show', name, 'postinst'],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        else:
            archive = self.packages.archive(name)
            self.unpack(archive)
            script = subprocess.run(['dpkg-deb', '--info', archive, 'postinst'],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        self.alternatives(script.stdout.decode(errors='replace'))
        for path, text in WRITTEN_BY_SCRIPTS.get(name, {}).items():
            self.write(path, text)

    def copy(self, path):
        """One entry of an installed package.  What the machine has left out is left out here."""
        try:
            info = os.lstat(path)
        except FileNotFoundError:
            return
        inside = self.inside(path)
        if stat.S_ISDIR(info.st_mode) or (os.path.isdir(path) and os.path.isdir(inside)):
            if not os.path.isdir(inside):
                os.makedirs(inside)
                os.chmod(inside, stat.S_IMODE(info.st_mode))
            return
        os.makedirs(os.path.dirname(inside), exist_ok=True)
        if os.path.lexists(inside):
            os.unlink(inside)
        key = (info.st_dev, info.st_ino)
        if key in self.links and info.st_nlink > 1:
            os.link(self.links[key], inside, follow_symlinks=False)
        elif stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode):
            shutil.copy2(path, inside, follow_symlinks=False)
            self.links[key] = inside

    def unpack(self, archive):
        """The files of a downloaded package."""
        excludes = [f'--exclude=./usr/share/{name}'
                    for name in re.search(r'share/\((.*?)\)', LEFT_OUT.pattern)[1].split('|')]
        with subprocess.Popen(['dpkg-deb', '--fsys-tarfile', archive],
                              stdout=subprocess.PIPE) as unpacker:
            tar = subprocess.run(['tar', '-x', '--keep-directory-symlink', '--no-same-owner',
                                  '--same-permissions', *excludes, '-C', self.path],
                                 stdin=unpacker.stdout, check=False)
        if tar.returncode or unpacker.returncode:
            raise RootError(f'cannot unpack {archive}')

    def alternatives(self, script):
        """The links that "update-alternatives --install LINK NAME PATH ..." would make."""
        script = script.replace('\\\n', ' ')
        pairs = re.findall(r'--(?:install|slave)\s+(/\S+)\s+\S+\s+(/\S+)', script)
        for link, target in pairs:
            if os.path.exists(self.inside(target)) and not os.path.lexists(self.inside(link)):
                os.makedirs(os.path.dirname(self.inside(link)), exist_ok=True)
                os.symlink(target, self.inside(link))

    def compile_python(self):
        """Byte code for the modules, as the interpreter's own package would leave it.

        Unchecked and with the final paths inside: neither times nor this machine matter."""
        library = self.inside('/usr/lib/python3.11')
        interpreter = '/usr/bin/python3.11'
        if os.path.isdir(library) and os.path.exists(interpreter):
            subprocess.run([interpreter, '-I', '-m', 'compileall', '-q', '--invalidation-mode',
                            'unchecked-hash', '-s', self.path, '-p', '/', '-x', r'bad|lib2to3/tests',
                            library], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           check=False)          # some test modules are meant not to compile

    def cache_libraries(self):
        """etc/ld.so.cache.  ldconfig enters the root, which takes privileges or a namespace."""
        if not os.path.exists(self.inside('/lib64/ld-linux-x86-64.so.2')):
            return
        enter = [] if os.geteuid() == 0 else ['unshare', '--user', '--map-root-user']
        output_of(*enter, '/sbin/ldconfig', '-r', self.path)


def stamp_of(versions):
    """What a root depends on: this script and the packages."""
    with open(os.path.abspath(__file__), 'rb') as script:
        digest = hashlib.sha256(script.read()).hexdigest()
    return ''.join([f'mkroot {digest}\n', *(f'{n} {v}\n' for n, v in versions.items())])


def make_root(path, names, packages, force=False):
    """Make the root at path from the packages and return True, or False if it is up to date."""
    versions = packages.closure(names)
    stamp_path = path.rstrip('/') + '.stamp'
    stamp = stamp_of(versions)
    if not force and os.path.isdir(path) and os.path.exists(stamp_path):
        with open(stamp_path, encoding='utf-8') as file:
            if file.read() == stamp:
                return False

    if os.path.exists(path) and not os.path.exists(stamp_path):
        raise RootError(f'{path} exists and was not made by this script: remove it first')
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    with open(stamp_path, 'w', encoding='utf-8') as file:
        file.write('unfinished\n')
    root = Root(path, packages)
    root.skeleton()
    for name in versions:
        root.add(name)
    root.compile_python()
    root.cache_libraries()
    with open(stamp_path, 'w', encoding='utf-8') as file:
        file.write(stamp)
    return True


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description='Make a root file system from Debian packages.')
    parser.add_argument('--cache', default='build/apps/debs', help='where downloads are kept')
    parser.add_argument('--force', action='store_true', help='make it even if it is up to date')
    parser.add_argument('root')
    parser.add_argument('package', nargs='+')
    args = parser.parse_args()
    try:
        make_root(args.root, args.package, Packages(args.cache), args.force)
    except (RootError, OSError) as error:
        sys.exit(f'{parser.prog}: error: {error}')


if __name__ == '__main__':
    main()
