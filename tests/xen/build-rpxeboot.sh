#!/bin/bash
# Builds rpxeboot, and vmprov beside it, for dom0. Prints rpxeboot's path.
set -euo pipefail
echo "$("$(dirname "$0")/build-programs.sh")/rpxeboot"
