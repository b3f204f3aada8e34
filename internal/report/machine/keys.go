package machine

import "github.com/kaanalyze/kaanalyze/internal/analyze"

// keysObject is what the key log was good for.
type keysObject struct {
	Sessions     number            `json:"sessions"`
	Seen         number            `json:"sessions_in_capture"`
	Decrypted    number            `json:"decrypted"`
	Midstream    number            `json:"decrypted_midstream"`
	Stopped      number            `json:"decrypted_in_part"`
	WithoutKey   number            `json:"without_key"`
	NotDecrypted []notOpenedObject `json:"not_decrypted"`
	Unreadable   number            `json:"unreadable_lines"`
	LeftOut      number            `json:"secrets_left_out"`
}

// notOpenedObject says why connections cannot be decrypted.
type notOpenedObject struct {
	Reason      string `json:"reason"`
	Connections number `json:"connections"`
}

// newKeys returns nil without a key log.
func newKeys(k *analyze.KeyUse) *keysObject {
	if !k.Given {
		return nil
	}
	x := &keysObject{
		Sessions: number(k.Log.Sessions), Seen: number(k.Sessions), Decrypted: number(k.Decrypted), Midstream: number(k.Joined), Stopped: number(k.Stopped),
		WithoutKey: number(k.NoKey), NotDecrypted: []notOpenedObject{}, Unreadable: number(k.Log.Garbage), LeftOut: number(k.Log.LeftOut),
	}
	for i, n := range k.NotOpened {
		if n > 0 {
			x.NotDecrypted = append(x.NotDecrypted, notOpenedObject{analyze.NotOpenedNames[i], number(n)})
		}
	}
	return x
}
