package mail

import (
	"bytes"
	"net/http"
)

// Client talks to the mail service.
type Client struct {
	base string
	hc   http.Client
}

// New returns a client.
func New(base string) *Client { return &Client{base: base} }

// Post sends one message.
func (c *Client) Post(path string, body []byte) error {
	res, err := c.hc.Post(c.base+path, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// Confirm sends a confirmation.
func (c *Client) Confirm(to string) error {
	return c.Post("/v2/messages", []byte(to))
}
