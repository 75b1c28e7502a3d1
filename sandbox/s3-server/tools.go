//go:build tools

// Package tools pins the S3 server that tests and laptops use.
package tools

import _ "github.com/versity/versitygw/cmd/versitygw"
