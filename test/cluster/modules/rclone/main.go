// Command rclone is rclone with one kind of storage, the local disk, and one thing to do with it: serve it by S3. The
// whole program brings the clients of seventy clouds along.
package main

import (
	_ "github.com/rclone/rclone/backend/local"
	"github.com/rclone/rclone/cmd"
	_ "github.com/rclone/rclone/cmd/serve"
	_ "github.com/rclone/rclone/cmd/serve/s3"
)

func main() { cmd.Main() }
