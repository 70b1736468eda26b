# shellcheck shell=bash disable=SC2154
# Sourced by setup.sh: which one command of this system installs what is missing. Reads $python where it is known.

package_manager() {
  local manager
  for manager in apt-get dnf yum zypper pacman apk brew; do
    if command -v "$manager" >/dev/null; then
      echo "$manager"
      return
    fi
  done
}

install_command() { # WHAT... (compiler, headers, venv) -> the one command of this system that brings them
  local manager packages=() what root=""
  manager=$(package_manager)
  for what in "$@"; do
    case $manager:$what in
      apt-get:compiler) packages+=(g++) ;;
      apt-get:headers) packages+=("$(debian_python)-dev") ;;
      apt-get:venv) packages+=("$(debian_python)-venv") ;;
      dnf:compiler | yum:compiler | zypper:compiler) packages+=(gcc-c++) ;;
      dnf:headers | yum:headers | zypper:headers) packages+=(python3-devel) ;;
      apk:compiler) packages+=(build-base) ;;
      apk:headers) packages+=(python3-dev) ;;
      pacman:compiler) packages+=(gcc) ;;
      brew:compiler) echo "xcode-select --install" && return ;;
      pacman:headers | brew:headers) packages+=(python) ;;
      apk:venv) packages+=(py3-pip) ;;
      pacman:venv) packages+=(python-pip) ;;
      *:venv) packages+=(python3-pip) ;;
    esac
  done
  [ "$manager" = brew ] || [ "$(id -u)" = 0 ] || root="sudo "
  case $manager in
    pacman) echo "${root}pacman -S ${packages[*]}" ;;
    apk) echo "${root}apk add ${packages[*]}" ;;
    "") echo "(your system's package manager: a C++17 compiler, Python 3.10 or newer with its headers, and pip)" ;;
    *) echo "$root${manager%-get} install ${packages[*]}" ;;
  esac
}

debian_python() { # the package of $python: python3, or python3.12 where it is not the default one
  local own
  own=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if [ "$(readlink -f "$(command -v python3)")" = "$(readlink -f "$python")" ]; then echo python3; else echo "$own"; fi
}

newer_python_command() {
  local root="" version
  [ "$(id -u)" = 0 ] || root="sudo "
  case $(package_manager) in
    apt-get)
      for version in 3.14 3.13 3.12 3.11 3.10; do
        if apt-cache show "python$version-venv" >/dev/null 2>&1; then
          echo "${root}apt install python$version python$version-venv python$version-dev"
          return
        fi
      done
      ;;
    dnf) echo "${root}dnf install python3.12 python3.12-devel python3.12-pip" && return ;;
    zypper) echo "${root}zypper install python312 python312-devel python312-pip" && return ;;
    pacman) echo "${root}pacman -Syu python" && return ;;
    apk) echo "${root}apk add python3 python3-dev py3-pip" && return ;;
    brew) echo "brew install python@3.13" && return ;;
  esac
  echo "python3 -m pip install --user uv && python3 -m uv python install 3.12"
}
