import { Injectable, NotFoundException } from '@nestjs/common';

export interface Pet {
  id: number;
  name: string;
  kind: string;
}

@Injectable()
export class PetsService {
  private readonly pets: Pet[] = [];

  findAll(): Pet[] {
    return this.pets;
  }

  get(id: number): Pet {
    const pet = this.pets.find((p) => p.id === id);
    if (!pet) throw new NotFoundException();
    return pet;
  }

  create(dto: Omit<Pet, 'id'>): Pet {
    const pet = { id: this.pets.length + 1, ...dto };
    this.pets.push(pet);
    return pet;
  }

  delete(id: number) {
    const i = this.pets.findIndex((p) => p.id === id);
    if (i >= 0) this.pets.splice(i, 1);
  }
}
