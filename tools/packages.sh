# SPDX-License-Identifier: Apache-2.0
# The Debian packages that Quern needs, by purpose, and how to get them. Read by the scripts beside
# it: `. tools/packages.sh`, `packages_options "$@"`, `packages_need build run`.

packages_of()
{
    case $1 in
    build)
        echo gcc libc6-dev meson ninja-build pkg-config python3 \
            ocl-icd-opencl-dev opencl-c-headers libclblast-dev libjansson-dev zlib1g-dev
        ;;
    run)
        echo ocl-icd-libopencl1 pocl-opencl-icd dataset-fashion-mnist
        ;;
    check)
        echo g++ chromium clang clang-format doxygen libcairo2-dev libcmocka-dev libprotobuf-c-dev \
            mesa-opencl-icd oclgrind protobuf-c-compiler python3-venv ca-certificates
        ;;
    esac
}

packages_yes=false
packages_look=true

# Reads the options that both scripts share; `usage` is the caller's function.
packages_options()
{
    for option in "$@"; do
        case $option in
        --yes | -y) packages_yes=true ;;
        --no-packages) packages_look=false ;;
        --help | -h)
            usage
            exit 0
            ;;
        *)
            echo "$0: unknown option '$option'; the options are --yes, --no-packages, --help" >&2
            exit 2
            ;;
        esac
    done
}

packages_installed()
{
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Sees to it that the packages of all given purposes are installed, or ends the script.
packages_need()
{
    $packages_look || return 0
    wanted=$(for purpose in "$@"; do packages_of "$purpose"; done)
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        echo "This system has no apt. Install what these Debian packages hold, then run" >&2
        echo "'sh $0 --no-packages':" >&2
        for package in $wanted; do echo "  $package" >&2; done
        exit 1
    fi
    missing=
    for package in $wanted; do
        packages_installed "$package" || missing="$missing $package"
    done
    if [ -z "$missing" ]; then
        echo "All packages are there."
        return 0
    fi
    echo "Missing packages:$missing"
    if ! $packages_yes && [ -t 0 ]; then
        printf 'Install them with apt-get? [Y/n] '
        read -r answer
        case $answer in
        '' | [Yy]*) ;;
        *)
            echo "Nothing was installed." >&2
            exit 1
            ;;
        esac
    fi
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "Not root, and there is no sudo: as root, run apt-get install$missing" >&2
            exit 1
        fi
        as_root=sudo
    fi
    # shellcheck disable=SC2086 # words are wanted: packages, and an empty $as_root
    {
        $as_root apt-get update --quiet=2 &&
            $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 \
                --no-install-recommends $missing
    } || {
        echo "apt-get could not install$missing: its reason is above." >&2
        exit 1
    }
}
