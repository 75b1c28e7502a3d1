//go:build tools

// Package tools pins the programs that this module builds: the Temporal CLI with its
// development server and UI, and the production server with its SQL tool.
package tools

import (
	_ "github.com/temporalio/cli/cmd/temporal"
	_ "go.temporal.io/server/cmd/server"
	_ "go.temporal.io/server/cmd/tools/sql"
)
